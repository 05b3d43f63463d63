#include <utility>

#include <millrace/client/config.hpp>
#include <millrace/client/error.hpp>

#include "client/src/http_session.hpp"

namespace millrace::client {
namespace {

std::optional<std::string> text_or_nothing(const Settings& settings, std::string_view name) {
  auto text = settings.text(name);
  if (text.empty()) return std::nullopt;
  return text;
}

}  // namespace

Config::Config(ConfigOptions options)
    : connection_{std::move(options.connection)},
      settings_{std::make_shared<Log>(std::move(options.log))} {
  try {
    settings_.fetch({.filename = std::move(options.filename),
                     .dictionary = std::move(options.dictionary),
                     .disable_env = options.disable_env});
    session_ = std::make_shared<detail::HttpSession>(connection_, settings_.log());
  } catch (const ConfigInitializationError& error) {
    fail(error.what());
  }
  auth().token();
}

Config::~Config() = default;

void Config::fail(const std::string& why) const {
  log().write(LogLevel::Error, "Configuration could not be initalized");
  throw ConfigInitializationError{why};
}

void Config::fetch(const FetchOptions& options) { settings_.fetch(options); }

std::string Config::credentials() const {
  Json all = Json::array();
  for (const auto* name :
       {"api_url", "auth_user_login", "auth_user_password", "auth_app_token", "auth_ssh_key"}) {
    all.push_back(settings_.text(name));
  }
  return all.dump(-1, ' ', false, Json::error_handler_t::replace);
}

AuthManager& Config::auth() {
  auto wanted = credentials();
  if (auth_ != nullptr && wanted == credentials_) return *auth_;
  try {
    auth_ = std::make_unique<AuthManager>(
        AuthOptions{.api_url = settings_.text("api_url"),
                    .login = settings_.text("auth_user_login"),
                    .password = text_or_nothing(settings_, "auth_user_password"),
                    .app_token = text_or_nothing(settings_, "auth_app_token"),
                    .ssh_key = text_or_nothing(settings_, "auth_ssh_key")},
        session_, settings_.log());
  } catch (const Error& error) {
    fail(error.what());
  }
  credentials_ = std::move(wanted);
  return *auth_;
}

std::map<std::string, std::string> Config::headers() {
  return {{"Authorization", "Bearer " + auth().token().value_or("None")}};
}

}  // namespace millrace::client
