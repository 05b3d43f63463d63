#pragma once

#include <array>
#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>

namespace millrace::records {

using Sha1Digest = std::array<std::uint8_t, 20>;

/// SHA-1 (FIPS 180-4). Names and draws are defined by it; it protects nothing. [any thread]
Sha1Digest sha1(std::string_view bytes);

/// Returns the first 8 bytes of the digest, big-endian.
std::uint64_t first_bytes(const Sha1Digest& digest);

namespace detail {
inline void append_part(std::string& joined, std::string_view text) { joined.append(text); }
template <std::integral T>
void append_part(std::string& joined, T number) {
  static_assert(!std::is_same_v<T, bool> && !std::is_same_v<T, char>, "write a text or a number");
  joined.append(std::to_string(number));
}
}  // namespace detail

/// Joins texts and integers (in decimal) by the byte 0x1F.
template <class First, class... Rest>
std::string join_parts(const First& first, const Rest&... rest) {
  std::string joined;
  detail::append_part(joined, first);
  ((joined.push_back('\x1f'), detail::append_part(joined, rest)), ...);
  return joined;
}

/// The one source of chance: a hash of what is drawn for, so that results depend neither on threads
/// nor on restarts. U64(p0, p1, ...) = first 8 bytes, big-endian, of SHA-1(p0 0x1F p1 0x1F ...).
template <class... Parts>
std::uint64_t draw_u64(const Parts&... parts) {
  return first_bytes(sha1(join_parts(parts...)));
}

/// Returns the number in [0,1) that belongs to 64 drawn bits.
inline double unit_of(std::uint64_t bits) { return static_cast<double>(bits >> 11) * 0x1p-53; }

/// U(...): e.g. draw_unit(context.seed(), context.node(), "copies", identity).
template <class... Parts>
double draw_unit(const Parts&... parts) {
  return unit_of(draw_u64(parts...));
}

}  // namespace millrace::records
