#pragma once

#include <string>
#include <vector>

namespace millrace::tool {

/// Gives the long options of the registry's commands that are documented with one dash ("-hp",
/// "-id", "-per_page=5") the second one that the parser wants. Only words behind the name of a
/// group of these commands and before "--" are looked at.
std::vector<std::string> with_two_dashes(std::vector<std::string> words);

}  // namespace millrace::tool
