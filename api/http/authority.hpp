#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace millrace::http {

/// The name by which a client reaches the server, of its target or its header Host (RFC 9110, 7.2).
struct Authority {
  std::string host;                   // as written: "models.example.org", "127.0.0.1", "[::1]"
  std::optional<std::uint16_t> port;  // nothing: the one of the scheme

  /// "models.example.org:8443"
  [[nodiscard]] std::string text() const;
};

/// Reads HOST or HOST:PORT: a registered name, an IPv4 address or an IPv6 address in brackets, all
/// in ASCII (RFC 3986, 3.2.2, without the sub-delims, which no name in use has and two fields run
/// into one by a proxy have); a port from 0 to 65535, which may be empty. Nothing: it is none.
std::optional<Authority> read_authority(std::string_view text);

/// The scheme, host and port that a page comes from, as a browser says it (RFC 6454).
struct Origin {
  bool is_https = false;
  Authority authority;

  [[nodiscard]] std::uint16_t port() const;
};

/// Reads "http://HOST" or "https://HOST:PORT"; nothing for what is none ("null", other schemes).
std::optional<Origin> read_origin(std::string_view text);

/// Tells whether two origins are one: scheme, host and port.
bool is_same_origin(const Origin& a, const Origin& b);

/// Tells whether a host names this machine to itself: localhost and the names below it, 127.0.0.0/8
/// and [::1].
bool is_loopback(std::string_view host);

/// Tells whether a host is an address: IPv4, or IPv6 in brackets.
bool is_address(std::string_view host);

/// Compares hosts as the name system does: without case in ASCII.
bool is_same_host(std::string_view a, std::string_view b);

}  // namespace millrace::http
