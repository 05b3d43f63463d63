#pragma once

#include "api/maisie/registry.hpp"

namespace millrace::maisie {

/// Finds the user of a request in its token, or for a download in its ticket. Without sign-in a
/// caller has no name; where private models are hidden they see the public ones only.
class SignIn final : public api::Authenticator {
 public:
  explicit SignIn(SharedRegistry registry) : registry_{std::move(registry)} {}

  Result<api::Caller, api::Refusal> authenticate(const http::Request& request,
                                                 std::string_view token) const override;
  /// Refuses a user who was deleted or disabled, or whose sessions were ended, after the token was
  /// issued.
  Result<void, api::Refusal> confirm(const api::Caller& caller) const override;
  bool confirms() const override { return true; }
  api::Caller anonymous() const override;

 private:
  [[nodiscard]] api::Caller caller(std::int64_t user, std::int64_t issued_at) const;

  SharedRegistry registry_;
};

/// POST auth/login/ and GET auth/token/.
std::vector<api::Route> sign_in_routes(const SharedRegistry& registry);

}  // namespace millrace::maisie
