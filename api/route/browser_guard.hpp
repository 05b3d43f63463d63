#pragma once

#include <optional>
#include <string>
#include <vector>

#include "api/http/authority.hpp"
#include "api/http/message.hpp"
#include "api/route/route.hpp"

namespace millrace::api {

/// Keeps web pages from using the server through the browser of somebody who can reach it, since on
/// loopback everything is trusted that this machine sends. Two doors are shut: a page of another
/// origin that sends requests, and one whose name has been made to lead to this machine (DNS
/// rebinding). [any thread]
class BrowserGuard {
 public:
  /// Allows pages of loopback origins, and checks no host.
  BrowserGuard() = default;
  /// `origins`: of pages besides loopback ones, such as "https://models.example.org"; `hosts`:
  /// names of the server besides loopback ones, such as "models.example.org" (any port) or
  /// "box:8080". `checks_host`: no other name is answered to, which is for loopback listeners.
  static Result<BrowserGuard> make(const std::vector<std::string>& origins,
                                   const std::vector<std::string>& hosts, bool checks_host);

  /// Marks a request of a page that is not allowed. Why the request is refused, if it is: for that
  /// page when it changes something, and for its host.
  std::optional<Refusal> check(http::Request& request) const;

 private:
  [[nodiscard]] bool is_foreign(const http::Request& request) const;
  [[nodiscard]] bool knows(const http::Authority& authority) const;

  std::vector<http::Origin> origins_;
  std::vector<http::Authority> hosts_;
  bool checks_host_ = false;
};

}  // namespace millrace::api
