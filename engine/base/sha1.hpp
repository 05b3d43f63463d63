#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace millrace {

/// SHA-1 (FIPS 180-4) of `bytes`. Used where a format asks for it, never to protect anything.
std::array<std::uint8_t, 20> sha1(std::string_view bytes);

/// SHA-256 (FIPS 180-4) of `bytes`: keys of reuse, content addresses.
std::array<std::uint8_t, 32> sha256(std::string_view bytes);

/// Returns lower-case hexadecimal digits, two for a byte.
std::string to_hex(std::span<const std::uint8_t> bytes);

}  // namespace millrace
