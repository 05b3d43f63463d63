#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace millrace::learn {

/// Returns the code point at `at`, which moves behind it; `at` is below text.size(). A byte that
/// begins no whole sequence stands for itself as U+DC00 plus the byte, as Python's surrogateescape
/// has it: no word holds such.
inline char32_t next_code_point(std::string_view text, std::size_t& at) {
  const auto byte = [&](std::size_t i) { return static_cast<std::uint32_t>(text[i]) & 0xFFU; };
  const std::uint32_t first = byte(at);
  if (first < 0x80) {
    ++at;
    return first;
  }
  const std::size_t length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
  std::uint32_t value = first & (0xFFU >> (length + 1));
  bool is_whole = first >= 0xC2 && first < 0xF5 && text.size() - at >= length;
  for (std::size_t i = 1; is_whole && i < length; ++i) {
    is_whole = (byte(at + i) & 0xC0) == 0x80;
    value = (value << 6) | (byte(at + i) & 0x3F);
  }
  constexpr std::uint32_t kLeast[] = {0, 0, 0x80, 0x800, 0x10000};
  const bool is_surrogate = value >= 0xD800 && value < 0xE000;
  if (!is_whole || value < kLeast[length] || value > 0x10FFFF || is_surrogate) {
    ++at;
    return 0xDC00 + first;
  }
  at += length;
  return value;
}

}  // namespace millrace::learn
