#include <cstdint>
#include <cstring>
#include <string_view>

#include "arrow.hpp"

namespace millrace::detail {

namespace {

// Length of the sequence that begins with `lead`, and the range of its second byte, which excludes
// overlong forms, surrogates and what lies beyond U+10FFFF: Unicode 15, table 3-7.
struct Lead {
  std::size_t length;
  unsigned char second_low, second_high;
};

Lead lead_of(unsigned char lead) {
  if (lead >= 0xC2 && lead <= 0xDF) return {2, 0x80, 0xBF};
  if (lead == 0xE0) return {3, 0xA0, 0xBF};
  if (lead == 0xED) return {3, 0x80, 0x9F};
  if (lead >= 0xE1 && lead <= 0xEF) return {3, 0x80, 0xBF};
  if (lead == 0xF0) return {4, 0x90, 0xBF};
  if (lead >= 0xF1 && lead <= 0xF3) return {4, 0x80, 0xBF};
  if (lead == 0xF4) return {4, 0x80, 0x8F};
  return {0, 0, 0};
}

}  // namespace

std::size_t valid_utf8_prefix(std::string_view text) {
  std::size_t at = 0;
  while (at < text.size()) {
    std::uint64_t word;
    while (text.size() - at >= sizeof word) {
      std::memcpy(&word, text.data() + at, sizeof word);
      if ((word & 0x8080808080808080ULL) != 0) break;
      at += sizeof word;
    }
    if (at == text.size()) break;
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    if (byte(at) < 0x80) {
      ++at;
      continue;
    }
    const Lead lead = lead_of(byte(at));
    if (lead.length == 0 || text.size() - at < lead.length) return at;
    if (byte(at + 1) < lead.second_low || byte(at + 1) > lead.second_high) return at;
    for (std::size_t i = 2; i < lead.length; ++i) {
      if ((byte(at + i) & 0xC0) != 0x80) return at;
    }
    at += lead.length;
  }
  return at;
}

}  // namespace millrace::detail
