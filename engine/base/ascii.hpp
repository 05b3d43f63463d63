#pragma once

#include <string>
#include <string_view>

namespace millrace {

// What words of protocols need. Bytes beyond ASCII stand for themselves.

/// Returns the text in lower case.
std::string lower_case(std::string_view text);

bool equal_without_case(std::string_view a, std::string_view b);
bool begins_without_case(std::string_view text, std::string_view prefix);

/// Returns the text without the blanks around it: those of HTTP (RFC 9110, 5.6.3), or others.
std::string_view trimmed(std::string_view text, std::string_view blanks = " \t");

/// All that C calls space.
inline constexpr std::string_view kSpaces = " \t\r\n\f\v";

}  // namespace millrace
