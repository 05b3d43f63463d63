#include "engine/store/address.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>

#include <arpa/inet.h>
#include <netinet/in.h>

namespace millrace::detail {
namespace {

using Bytes6 = std::array<std::uint8_t, 16>;

struct Block4 {
  std::uint32_t prefix;
  int bits;
};

// https://www.iana.org/assignments/iana-ipv4-special-registry, those not globally reachable, and
// multicast.
constexpr std::array kSpecial4{
    Block4{0x00000000, 8},   // 0.0.0.0/8 this network
    Block4{0x0a000000, 8},   // 10.0.0.0/8 private
    Block4{0x64400000, 10},  // 100.64.0.0/10 shared by carriers
    Block4{0x7f000000, 8},   // 127.0.0.0/8 loopback
    Block4{0xa9fe0000, 16},  // 169.254.0.0/16 link-local
    Block4{0xac100000, 12},  // 172.16.0.0/12 private
    Block4{0xc0000000, 24},  // 192.0.0.0/24 protocol assignments
    Block4{0xc0000200, 24},  // 192.0.2.0/24 documentation
    Block4{0xc0586300, 24},  // 192.88.99.0/24 6to4 relays
    Block4{0xc0a80000, 16},  // 192.168.0.0/16 private
    Block4{0xc6120000, 15},  // 198.18.0.0/15 benchmarks
    Block4{0xc6336400, 24},  // 198.51.100.0/24 documentation
    Block4{0xcb007100, 24},  // 203.0.113.0/24 documentation
    Block4{0xe0000000, 4},   // 224.0.0.0/4 multicast
    Block4{0xf0000000, 4},   // 240.0.0.0/4 reserved, broadcast
};

bool is_public4(std::uint32_t address) {
  return std::none_of(kSpecial4.begin(), kSpecial4.end(), [&](const Block4& block) {
    return (address ^ block.prefix) >> (32 - block.bits) == 0;
  });
}

std::uint32_t ipv4_at(const Bytes6& bytes, std::size_t at) {
  return std::uint32_t{bytes[at]} << 24 | std::uint32_t{bytes[at + 1]} << 16 |
         std::uint32_t{bytes[at + 2]} << 8 | bytes[at + 3];
}

template <std::size_t kSize>
bool starts_with(const Bytes6& bytes, const std::array<std::uint8_t, kSize>& prefix) {
  return std::equal(prefix.begin(), prefix.end(), bytes.begin());
}

// https://www.iana.org/assignments/iana-ipv6-special-registry; global unicast is 2000::/3.
bool is_public6(const Bytes6& bytes) {
  constexpr std::array<std::uint8_t, 12> kMapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  constexpr std::array<std::uint8_t, 12> kNat64{0, 0x64, 0xff, 0x9b};
  if (starts_with(bytes, kMapped) || starts_with(bytes, kNat64)) {
    return is_public4(ipv4_at(bytes, 12));
  }
  if ((bytes[0] & 0xe0) != 0x20) return false;  // ::1, ::a.b.c.d, fc00::/7, fe80::/10, ff00::/8...
  if (bytes[0] == 0x20 && bytes[1] == 0x02) return is_public4(ipv4_at(bytes, 2));  // 6to4
  if (bytes[0] == 0x20 && bytes[1] == 0x01) {
    if (bytes[2] < 0x02) return false;                       // 2001::/23 protocols, Teredo
    if (bytes[2] == 0x0d && bytes[3] == 0xb8) return false;  // 2001:db8::/32 documentation
  }
  return !(bytes[0] == 0x3f && bytes[1] == 0xff && bytes[2] < 0x10);  // 3fff::/20 documentation
}

}  // namespace

bool is_public_address(const sockaddr* address, socklen_t size) {
  if (address->sa_family == AF_INET && size >= sizeof(sockaddr_in)) {
    sockaddr_in in{};
    std::memcpy(&in, address, sizeof in);
    return is_public4(ntohl(in.sin_addr.s_addr));
  }
  if (address->sa_family == AF_INET6 && size >= sizeof(sockaddr_in6)) {
    sockaddr_in6 in{};
    std::memcpy(&in, address, sizeof in);
    Bytes6 bytes{};
    std::memcpy(bytes.data(), &in.sin6_addr, bytes.size());
    return is_public6(bytes);
  }
  return false;
}

bool is_public_address(const std::string& text) {
  in_addr four{};
  if (::inet_pton(AF_INET, text.c_str(), &four) == 1) return is_public4(ntohl(four.s_addr));
  Bytes6 six{};
  const auto plain = text.substr(0, text.find('%'));  // "fe80::1%eth0"
  return ::inet_pton(AF_INET6, plain.c_str(), six.data()) == 1 && is_public6(six);
}

}  // namespace millrace::detail
