#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace millrace::client::detail {

struct IniEntry {
  std::string section, key;  // in lower case
  std::string value;         // without blanks at its ends; "%" and quotes are as they stand
};

/// Reads the text of an INI file: sections in brackets, `key = value` or `key: value`, comments on
/// lines of their own behind "#" or ";". A value is one line. Throws ConfigInitializationError with
/// `name` and the line for anything else, for a key that comes twice, and for text that is not
/// UTF-8.
std::vector<IniEntry> parse_ini(std::string_view text, const std::string& name);

/// Reads a file of at most 64 KiB and lines of at most 8 KiB. One that does not exist is empty.
std::vector<IniEntry> read_ini(const std::filesystem::path& file);

}  // namespace millrace::client::detail
