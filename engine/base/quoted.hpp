#pragma once

#include <string>
#include <string_view>

namespace millrace {

/// Appends a text as a JSON string, with its quotation marks; bytes that are not UTF-8 become
/// U+FFFD.
void append_quoted(std::string& out, std::string_view text);
std::string quoted_text(std::string_view text);

}  // namespace millrace
