#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace millrace::label {

/// Lower-cases by the full mappings of Unicode, in no language: what Python's str.lower() gives,
/// with U+0130 as "i" and U+0307, and the final sigma. May change the number of bytes. Of a text
/// that is no UTF-8, the bytes that are none stay or become U+FFFD.
[[nodiscard]] std::string lower(std::string_view text);

/// The same, into `lowered`, whose memory is used again.
void lower_into(std::string_view text, std::string& lowered);

/// Copies `size` bytes with the ASCII letters lower-cased: all that lower() does to nearly every
/// text in Han, kana or Hangul. Where bytes beyond ASCII may be a letter that lower() changes, the
/// place is added to `suspects`: kLowerStride bytes from there hold the first byte of one.
inline constexpr std::size_t kLowerStride = 64;
void lower_ascii(const char* from, char* to, std::size_t size, std::vector<std::size_t>& suspects);

/// Lower-cases what lies beyond ASCII, where that can be done in place: nearly always. Returns
/// false when it cannot, since a lower case has another size or depends on what stands beside it;
/// then the text is half done, and lower_into() does it.
[[nodiscard]] bool lower_in_place(char* text, std::size_t size);

}  // namespace millrace::label
