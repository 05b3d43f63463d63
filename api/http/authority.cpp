#include "api/http/authority.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <strings.h>

#include <arpa/inet.h>
#include <netinet/in.h>

namespace millrace::http {

namespace {

bool is_hex(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

bool is_name_char(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
         c == '-' || c == '_' || c == '~';
}

bool is_name(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (is_name_char(text[i])) continue;
    const bool is_escape =
        text[i] == '%' && text.size() - i > 2 && is_hex(text[i + 1]) && is_hex(text[i + 2]);
    if (!is_escape) return false;
    i += 2;
  }
  return !text.empty();
}

// Reads an address that inet_pton() knows into `address`.
template <class Address>
bool read_address(int family, std::string_view text, Address& address) {
  std::array<char, INET6_ADDRSTRLEN> copy{};
  if (text.size() >= copy.size()) return false;
  std::copy(text.begin(), text.end(), copy.begin());
  return ::inet_pton(family, copy.data(), &address) == 1;
}

bool is_bracketed_address(std::string_view text) {
  in6_addr address{};
  return text.size() > 2 && text.front() == '[' && text.back() == ']' &&
         read_address(AF_INET6, text.substr(1, text.size() - 2), address);
}

// Reads what follows a host: nothing, or a colon with a port that may be empty.
bool read_port(std::string_view text, std::optional<std::uint16_t>& port) {
  if (text.empty()) return true;
  if (text.front() != ':') return false;
  text.remove_prefix(1);
  if (text.empty()) return true;
  std::uint16_t number = 0;
  const auto* end = text.data() + text.size();
  const auto [stop, failed] = std::from_chars(text.data(), end, number);
  if (failed != std::errc{} || stop != end) return false;
  port = number;
  return true;
}

}  // namespace

std::string Authority::text() const { return port ? host + ':' + std::to_string(*port) : host; }

std::optional<Authority> read_authority(std::string_view text) {
  const bool has_bracket = text.starts_with('[');
  auto end = has_bracket ? text.find(']') : text.find(':');
  if (has_bracket && end == std::string_view::npos) return std::nullopt;
  end = std::min(end, text.size()) + (has_bracket ? 1 : 0);
  const auto host = text.substr(0, end);
  if (has_bracket ? !is_bracketed_address(host) : !is_name(host)) return std::nullopt;
  std::optional<Authority> read{{.host = std::string{host}, .port = {}}};
  if (!read_port(text.substr(end), read->port)) return std::nullopt;
  return read;
}

std::uint16_t Origin::port() const { return authority.port.value_or(is_https ? 443 : 80); }

std::optional<Origin> read_origin(std::string_view text) {
  for (const auto scheme : {std::string_view{"http://"}, std::string_view{"https://"}}) {
    if (!text.starts_with(scheme)) continue;
    auto authority = read_authority(text.substr(scheme.size()));
    if (!authority) return std::nullopt;
    return Origin{.is_https = scheme.size() == 8, .authority = *std::move(authority)};
  }
  return std::nullopt;
}

bool is_loopback(std::string_view host) {
  if (host == "127.0.0.1" || host == "localhost") return true;
  if (host.starts_with("127.")) {
    in_addr address{};
    return read_address(AF_INET, host, address);
  }
  if (host.starts_with('[')) {
    in6_addr address{};
    return is_bracketed_address(host) &&
           read_address(AF_INET6, host.substr(1, host.size() - 2), address) &&
           IN6_IS_ADDR_LOOPBACK(&address);
  }
  constexpr std::string_view kLocal = ".localhost";
  if (host.ends_with('.')) host.remove_suffix(1);
  return is_same_host(host, kLocal.substr(1)) ||
         (host.size() > kLocal.size() &&
          is_same_host(host.substr(host.size() - kLocal.size()), kLocal));
}

bool is_address(std::string_view host) {
  in_addr address{};
  return is_bracketed_address(host) || read_address(AF_INET, host, address);
}

bool is_same_origin(const Origin& a, const Origin& b) {
  return a.is_https == b.is_https && a.port() == b.port() &&
         is_same_host(a.authority.host, b.authority.host);
}

bool is_same_host(std::string_view a, std::string_view b) {
  return a.size() == b.size() && ::strncasecmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace millrace::http
