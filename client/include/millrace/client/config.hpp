#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <millrace/client/auth_manager.hpp>
#include <millrace/client/connection.hpp>
#include <millrace/client/settings.hpp>

namespace millrace::client {

struct ConfigOptions {
  std::optional<std::filesystem::path> filename{};  // these three as in FetchOptions
  std::optional<Json> dictionary{};
  bool disable_env = false;
  ConnectionOptions connection{};
  LogSink log{};  // takes the log instead of the standard error
};

/// The settings together with one connection to the server and one token. Building it signs in
/// over the network at once; when the server refuses or is away, that is logged, the token stays
/// empty and calls yield empty lists. Resources share it. [one thread at a time; blocks]
class Config {
 public:
  /// Throws ConfigInitializationError, after a line in the log.
  explicit Config(ConfigOptions options = {});
  ~Config();
  Config(const Config&) = delete;
  Config& operator=(const Config&) = delete;

  /// Lays more settings over those that are there. Where address or credentials change, the next
  /// call signs in anew.
  void fetch(const FetchOptions& options = {});

  [[nodiscard]] Json get(std::string_view name) const { return settings_.get(name); }
  [[nodiscard]] std::optional<std::string> getsource(std::string_view name) const {
    return settings_.getsource(name);
  }
  [[nodiscard]] const Settings& settings() const { return settings_; }

  /// {"Authorization": "Bearer <token>"}; the word None in place of a token that there is not.
  std::map<std::string, std::string> headers();
  /// Returns the AuthManager, which is built once. Throws ConfigInitializationError.
  AuthManager& auth();

  /// For the resources.
  [[nodiscard]] detail::HttpSession& session() { return *session_; }
  [[nodiscard]] Log& log() const { return *settings_.log(); }

 private:
  [[noreturn]] void fail(const std::string& why) const;
  [[nodiscard]] std::string credentials() const;

  ConnectionOptions connection_;
  Settings settings_;
  std::shared_ptr<detail::HttpSession> session_;  // shared with auth_
  std::unique_ptr<AuthManager> auth_;
  std::string credentials_;  // with which auth_ was built
};

}  // namespace millrace::client
