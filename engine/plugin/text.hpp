#pragma once

#include <string>
#include <string_view>

#include <millrace/abi.h>

namespace millrace {

/// Returns the text of the C ABI as a view; a null pointer is empty whatever its size says.
inline std::string_view view(mr_text text) {
  return text.data == nullptr ? std::string_view{} : std::string_view{text.data, text.size};
}

inline mr_text to_text(std::string_view text) { return mr_text{text.data(), text.size()}; }

/// Returns the length of the longest prefix that is well-formed UTF-8 (RFC 3629: no surrogates, no
/// overlong forms).
std::size_t utf8_prefix(std::string_view text);

/// Returns the text with every byte that is not part of well-formed UTF-8 replaced by U+FFFD, since
/// what a plugin says goes into JSON.
std::string clean_utf8(std::string_view text);

}  // namespace millrace
