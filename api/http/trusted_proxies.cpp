#include "api/http/trusted_proxies.hpp"

#include <algorithm>
#include <charconv>
#include <strings.h>

#include "engine/base/ascii.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>

namespace millrace::http {

namespace {

constexpr int kMappedBits = 96;  // in front of an IPv4 address, ::ffff:0:0/96 (RFC 4291, 2.5.5.2)

bool is_mapped(const IpAddress& address) {
  return std::all_of(address.begin(), address.begin() + 10, [](auto byte) { return byte == 0; }) &&
         address[10] == 0xff && address[11] == 0xff;
}

std::string to_text(const IpAddress& address) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  const bool is_v4 = is_mapped(address);
  ::inet_ntop(is_v4 ? AF_INET : AF_INET6, address.data() + (is_v4 ? kMappedBits / 8 : 0),
              text.data(), text.size());
  return text.data();
}

// Cuts at a separator that stands outside of quotes; none: the parts of an empty text.
std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  std::size_t begin = 0;
  bool is_quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '"') is_quoted = !is_quoted;
    if (is_quoted || text[i] != separator) continue;
    parts.push_back(trimmed(text.substr(begin, i - begin)));
    begin = i + 1;
  }
  parts.push_back(trimmed(text.substr(begin)));
  return parts;
}

// The value of "for" in one element of Forwarded: for="[2001:db8::1]:4711";proto=https
std::string_view for_of(std::string_view element) {
  for (const auto pair : split(element, ';')) {
    const auto equals = pair.find('=');
    if (equals == std::string_view::npos || !equal_without_case(pair.substr(0, equals), "for"))
      continue;
    auto value = pair.substr(equals + 1);
    if (value.size() >= 2 && value.front() == '"' && value.back() == '"')
      value = value.substr(1, value.size() - 2);
    return value;
  }
  return {};
}

// The hops that a field tells of, the nearest last; nothing: it is not there.
std::optional<std::vector<std::string>> hops_of(const Headers& headers, std::string_view name) {
  std::optional<std::vector<std::string>> hops;
  const bool is_standard = name == "Forwarded";
  for (const auto& [key, value] : headers.all()) {
    if (!equal_without_case(key, name)) continue;
    if (!hops) hops.emplace();
    for (const auto part : split(value, ',')) hops->emplace_back(is_standard ? for_of(part) : part);
  }
  return hops;
}

// An address as hops are written, with a port or without: 1.2.3.4:80, [2001:db8::1]:80.
std::optional<IpAddress> read_hop(std::string_view text) {
  if (text.starts_with('[')) {
    const auto end = text.find(']');
    if (end == std::string_view::npos) return std::nullopt;
    return read_ip_address(text.substr(1, end - 1));
  }
  if (std::count(text.begin(), text.end(), ':') == 1) text = text.substr(0, text.find(':'));
  return read_ip_address(text);
}

}  // namespace

std::optional<IpAddress> read_ip_address(std::string_view text) {
  const std::string copy{text};
  if (copy.size() != std::string_view{copy.c_str()}.size()) return std::nullopt;
  IpAddress address{};
  if (::inet_pton(AF_INET6, copy.c_str(), address.data()) == 1) return address;
  address[10] = address[11] = 0xff;
  if (::inet_pton(AF_INET, copy.c_str(), address.data() + kMappedBits / 8) == 1) return address;
  return std::nullopt;
}

Result<TrustedProxies> TrustedProxies::read(const std::vector<std::string>& networks) {
  TrustedProxies made;
  for (const auto& text : networks) {
    const Error wrong{Code::InvalidArgument,
                      fmt::format("a trusted proxy is an address or a network, such as 10.0.0.5 or "
                                  "10.0.0.0/8: {}",
                                  text)};
    const auto slash = text.find('/');
    const auto address = read_ip_address(std::string_view{text}.substr(0, slash));
    if (!address) return wrong;
    const bool is_v4 = is_mapped(*address) && text.find(':') == std::string::npos;
    const int most = is_v4 ? 32 : 128;
    int bits = most;
    if (slash != std::string::npos) {
      const auto* end = text.data() + text.size();
      const auto [stop, failed] = std::from_chars(text.data() + slash + 1, end, bits);
      if (failed != std::errc{} || stop != end || bits < 0 || bits > most) return wrong;
    }
    made.networks_.push_back({*address, is_v4 ? kMappedBits + bits : bits});
  }
  return made;
}

bool TrustedProxies::has(const IpAddress& address) const {
  return std::any_of(networks_.begin(), networks_.end(), [&](const Network& network) {
    const auto whole = static_cast<std::size_t>(network.bits / 8);
    if (!std::equal(address.begin(), address.begin() + network.bits / 8, network.address.begin()))
      return false;
    const int rest = network.bits % 8;
    return rest == 0 || (address[whole] ^ network.address[whole]) >> (8 - rest) == 0;
  });
}

std::string TrustedProxies::last_untrusted(const std::string& peer,
                                           const std::vector<std::string>& hops) const {
  auto last = peer;
  for (auto hop = hops.rbegin(); hop != hops.rend(); ++hop) {
    const auto address = read_hop(*hop);
    if (!address) return last;
    last = to_text(*address);
    if (!has(*address)) return last;
  }
  return last;
}

std::string TrustedProxies::client(const std::string& peer, const Headers& headers) const {
  if (networks_.empty()) return peer;
  const auto address = read_ip_address(peer);
  if (!address || !has(*address)) return peer;
  const auto usual = hops_of(headers, "X-Forwarded-For");
  const auto standard = hops_of(headers, "Forwarded");
  if (!usual && !standard) return peer;
  const auto first = last_untrusted(peer, usual ? *usual : *standard);
  // A proxy writes one of the two and may let the other through as the client sent it.
  if (usual && standard && last_untrusted(peer, *standard) != first) return peer;
  return first;
}

}  // namespace millrace::http
