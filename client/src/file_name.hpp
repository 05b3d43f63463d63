#pragma once

#include <string>
#include <string_view>

namespace millrace::client::detail {

/// Makes a file name of a text that somebody else chose: one that stays in its folder, is not
/// hidden, and is no option of a command. Separators and control characters become "_", as does a
/// "." or "-" at the beginning; it is cut at 200 bytes, between characters. Empty stays empty.
std::string safe_file_name(std::string_view text);

/// Returns the file name of a Content-Disposition header (RFC 6266; the plain form), or "".
std::string disposition_file_name(std::string_view header);

}  // namespace millrace::client::detail
