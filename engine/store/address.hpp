#pragma once

#include <string>
#include <string_view>

#include <sys/socket.h>

namespace millrace::detail {

/// Tells whether anybody on the internet may be at this address: neither loopback, link-local,
/// private, multicast nor otherwise special (the registries of RFC 6890). An IPv6 address that
/// carries an IPv4 one (mapped, compatible, NAT64, 6to4) is judged by that. Other families: no.
bool is_public_address(const sockaddr* address, socklen_t size);

/// The same for an address in text form, without brackets; what is no address is not public.
bool is_public_address(const std::string& text);

}  // namespace millrace::detail
