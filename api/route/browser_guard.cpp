#include "api/route/browser_guard.hpp"

#include <algorithm>
#include <utility>

#include "api/route/refusals.hpp"
#include "engine/base/utf8.hpp"

#include <fmt/format.h>

namespace millrace::api {

namespace {

bool changes_something(http::Method method) {
  return method != http::Method::Get && method != http::Method::Head &&
         method != http::Method::Options;
}

// The scheme does not count: it may be that of a proxy in front.
bool is_own(const http::Origin& origin, const http::Authority& authority) {
  const std::uint16_t own = authority.port.value_or(origin.is_https ? 443 : 80);
  return origin.port() == own && http::is_same_host(origin.authority.host, authority.host);
}

}  // namespace

Result<BrowserGuard> BrowserGuard::make(const std::vector<std::string>& origins,
                                        const std::vector<std::string>& hosts, bool checks_host) {
  BrowserGuard guard;
  guard.checks_host_ = checks_host;
  for (const auto& text : origins) {
    auto origin = http::read_origin(text);
    if (!origin)
      return Error{Code::InvalidArgument,
                   "--allow-origin takes http:// or https:// with HOST or HOST:PORT and nothing "
                   "behind it, such as https://models.example.org: " +
                       text};
    guard.origins_.push_back(*std::move(origin));
  }
  for (const auto& text : hosts) {
    auto host = http::read_authority(text);
    if (!host)
      return Error{Code::InvalidArgument,
                   "--allow-host takes HOST or HOST:PORT, such as models.example.org: " + text};
    guard.hosts_.push_back(*std::move(host));
  }
  return guard;
}

std::optional<Refusal> BrowserGuard::check(http::Request& request) const {
  request.is_foreign = is_foreign(request);
  const auto& host = request.authority;
  if (checks_host_ && !host.host.empty() && !knows(host))
    return refusal(Code::InvalidArgument, "host",
                   fmt::format("this server is not known as {0}: it answers to loopback names, and "
                               "to others that it is started with: --allow-host {0}",
                               host.host));
  if (!request.is_foreign || !changes_something(request.method)) return std::nullopt;
  return refusal(
      Code::PermissionDenied, "origin",
      fmt::format("a page of {0} may not change anything here: it may when the server is "
                  "started with --allow-origin {0}",
                  printable(request.headers.get("Origin"))));
}

bool BrowserGuard::is_foreign(const http::Request& request) const {
  const auto text = request.headers.find("Origin");
  if (!text) return false;
  const auto origin = http::read_origin(*text);
  if (!origin) return true;  // "null" of a sandbox or a file, for example
  if (http::is_loopback(origin->authority.host)) return false;
  const bool is_allowed = std::any_of(origins_.begin(), origins_.end(), [&](const auto& allowed) {
    return http::is_same_origin(allowed, *origin);
  });
  if (is_allowed) return false;
  // A page of our own. A name is only believed to be ours when somebody has said so; no page can
  // claim an address that it did not come from.
  const bool is_ours = http::is_address(request.authority.host) || knows(request.authority);
  return !is_ours || !is_own(*origin, request.authority);
}

bool BrowserGuard::knows(const http::Authority& authority) const {
  if (http::is_loopback(authority.host)) return true;
  return std::any_of(hosts_.begin(), hosts_.end(), [&](const auto& known) {
    return http::is_same_host(known.host, authority.host) &&
           (!known.port || known.port == authority.port);
  });
}

}  // namespace millrace::api
