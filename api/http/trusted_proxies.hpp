#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/http/message.hpp"
#include "engine/base/result.hpp"

namespace millrace::http {

/// An IPv6 address in the order of the network; an IPv4 address is the one that it is mapped to.
using IpAddress = std::array<std::uint8_t, 16>;

std::optional<IpAddress> read_ip_address(std::string_view text);

/// The proxies in front of a server, whose word is taken on where a request came from. What others
/// say of that in a header, anybody may have made up. [any thread]
class TrustedProxies {
 public:
  /// None.
  TrustedProxies() = default;
  /// Each is an address or a network: "10.0.0.5", "10.0.0.0/8", "fd00::/8". InvalidArgument names
  /// the one that is neither.
  static Result<TrustedProxies> read(const std::vector<std::string>& networks);

  /// Returns the address that a request came from: of the connection (`peer`), unless that is a
  /// trusted proxy's. Then it is the last one of X-Forwarded-For, or of Forwarded (RFC 7239), that
  /// is no trusted proxy's either; what stands in front of it, the client itself may have sent.
  /// Where both fields are there and do not agree, or say nothing that can be read, it is the last
  /// proxy's.
  [[nodiscard]] std::string client(const std::string& peer, const Headers& headers) const;

 private:
  struct Network {
    IpAddress address;
    int bits;
  };
  [[nodiscard]] bool has(const IpAddress& address) const;
  [[nodiscard]] std::string last_untrusted(const std::string& peer,
                                           const std::vector<std::string>& hops) const;

  std::vector<Network> networks_;
};

}  // namespace millrace::http
