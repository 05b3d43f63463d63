#pragma once

#include <functional>
#include <string>

/// Runs a script of this folder by the machine's python3, which is part of the packages for tests,
/// and calls each line of what it prints. Fails the case when the script does.
void each_line_of_python(const std::string& script_and_arguments,
                         const std::function<void(const std::string&)>& each);
