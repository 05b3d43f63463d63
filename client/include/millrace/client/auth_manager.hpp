#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <millrace/client/connection.hpp>
#include <millrace/client/log.hpp>

namespace millrace::client {

namespace detail {
class HttpSession;
}

struct AuthOptions {
  std::string api_url;  // with /api/v1
  std::string login;
  std::optional<std::string> password{};
  std::optional<std::string> app_token{};
  std::optional<std::string> ssh_key{};
  bool enforce_ssh = false;  // nothing but "ssh_key" is tried
  ConnectionOptions connection{};
};

/// Gets and keeps the token of one user. What it knows of the token is read from the token, whose
/// signature only the server can verify. Its life counts from its arrival, so a wrong local clock
/// does no harm. [one thread at a time; blocks]
class AuthManager {
 public:
  /// Throws AuthInitializationError without password, app token and SSH key, and
  /// ConfigInitializationError for an address that is no http or https URL.
  explicit AuthManager(AuthOptions options);
  /// For a Config, which shares its connection and its log.
  AuthManager(AuthOptions options, std::shared_ptr<detail::HttpSession> session,
              std::shared_ptr<Log> log);
  ~AuthManager();

  /// Returns the token: signs in on first use, refreshes a token of which fewer than 60 s are
  /// left, signs in again when it has expired. Nothing when that fails; credentials that were
  /// refused are not sent again but by retrieve_token() and perform_auth().
  std::optional<std::string> token();
  /// Signs in and returns the token, or nothing.
  std::optional<std::string> retrieve_token();
  /// Tries the channels in their order until one gave a token. The registry has no sign-in by
  /// "ssh_key" and "app_token": these are passed over. Throws AuthenticationError for other words.
  void perform_auth(const std::vector<std::string>& channels = kChannels);
  /// Exchanges a token that is still valid for a new one, which is kept; nothing when refused.
  std::optional<std::string> refresh_token(const std::string& old);

  void auth_via_password();
  /// Throw AuthenticationError: the registry has no such sign-in.
  [[noreturn]] void auth_via_app_token();
  [[noreturn]] void auth_via_ssh_key();

  /// The claims `id` and `exp` of the token; nothing without a token that has them.
  [[nodiscard]] std::optional<std::int64_t> user_id() const;
  [[nodiscard]] std::optional<std::chrono::system_clock::time_point> expires_at() const;
  [[nodiscard]] bool logged_in() const { return token_active(); }
  /// Whether there is a token that has not expired.
  [[nodiscard]] bool token_active() const;

  inline static const std::vector<std::string> kChannels{"ssh_key", "app_token", "password"};

 private:
  using Steady = std::chrono::steady_clock;
  void keep(const std::string& token);
  [[nodiscard]] std::optional<std::chrono::seconds> time_left() const;

  AuthOptions options_;
  std::shared_ptr<Log> log_;                      // shared with the Config
  std::shared_ptr<detail::HttpSession> session_;  // shared with the Config
  std::optional<std::string> token_;
  std::optional<std::int64_t> user_id_, expires_;  // seconds since 1970
  std::optional<Steady::time_point> deadline_;     // nothing: the token names no end
  bool is_refused_ = false;
};

}  // namespace millrace::client
