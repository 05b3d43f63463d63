#pragma once

#include <string>

#include "engine/base/result.hpp"

namespace millrace::tool {

/// Reads a password: the first line of `file` when one is named; else from the terminal, hidden and
/// asked for twice when it is a new one; else the first line of the standard input. A password
/// never stands on a command line, where everybody sees it. InvalidArgument: the two differ, or
/// there is no line.
Result<std::string> read_password(const std::string& file, bool is_new);

/// Asks on the terminal for one line, hidden; elsewhere reads a line of the standard input.
Result<std::string> read_hidden(const char* prompt);

}  // namespace millrace::tool
