#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace millrace {

/// Returns how many bytes the UTF-8 character at the start of `text` has (RFC 3629), or 0 where
/// none is.
std::size_t utf8_length(std::string_view text);

/// Returns the number of code points of well-formed UTF-8.
std::size_t code_points(std::string_view text);

bool is_utf8(std::string_view text);

/// Tells whether `text` is UTF-8 and holds a control character (C0, DEL or C1).
bool has_control_character(std::string_view text);

/// Returns `text` fit for a message: what is not UTF-8 or a control character becomes "?", and what
/// is longer than `max_bytes` is cut and ends in "...".
std::string printable(std::string_view text, std::size_t max_bytes = 200);

}  // namespace millrace
