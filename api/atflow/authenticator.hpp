#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

#include "api/atflow/settings.hpp"
#include "api/route/route.hpp"
#include "engine/base/clock.hpp"

namespace millrace::atflow {

/// The "Qiniu" scheme: header, key, signature, date and replay, in that order. Settings can be
/// exchanged while it serves. [any thread]
class Authenticator final : public api::Authenticator {
 public:
  /// Signatures that the guard against repeats remembers; with more that are still good it refuses.
  static constexpr std::size_t kMostRemembered = 100'000;

  Authenticator(Settings settings, const Clock& clock,
                std::size_t most_remembered = kMostRemembered);

  Result<api::Caller, api::Refusal> authenticate(const http::Request& request,
                                                 std::string_view token) const override;
  /// The checks before the signature, which covers the body.
  Result<void, api::Refusal> check_head(const http::Request& request) const override;

  void exchange(Settings settings);
  [[nodiscard]] std::shared_ptr<const Settings> settings() const;

 private:
  Result<void, api::Refusal> check_date(const http::Request& request, const Settings& settings,
                                        std::string_view signature) const;

  const Clock& clock_;
  const std::size_t most_remembered_;
  mutable std::mutex mutex_;                  // guards the two below
  std::shared_ptr<const Settings> settings_;  // shared with requests that are being checked
  mutable std::unordered_map<std::string, Clock::Wall>
      seen_;  // signature -> when it may be forgotten
};

}  // namespace millrace::atflow
