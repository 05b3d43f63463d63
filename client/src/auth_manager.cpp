#include <algorithm>
#include <utility>

#include <millrace/client/auth_manager.hpp>
#include <millrace/client/error.hpp>
#include <millrace/client/json.hpp>

#include "client/src/http_session.hpp"
#include "client/src/reply_reader.hpp"
#include "client/src/token_claims.hpp"

namespace millrace::client {
namespace {

constexpr std::chrono::seconds kRefreshBelow{60};

// Returns the token of an answer, nothing when it has none that can stand in a header.
std::optional<std::string> token_in(const Reply& reply) {
  if (!reply.ok()) return std::nullopt;
  const auto data = reply.body.find("data");
  if (data == reply.body.end() || !data->is_object()) return std::nullopt;
  const auto token = data->find("access_token");
  if (token == data->end() || !token->is_string()) return std::nullopt;
  auto text = token->get<std::string>();
  if (!detail::is_token_text(text)) return std::nullopt;
  return text;
}

}  // namespace

AuthManager::AuthManager(AuthOptions options) : AuthManager{std::move(options), nullptr, nullptr} {}

AuthManager::AuthManager(AuthOptions options, std::shared_ptr<detail::HttpSession> session,
                         std::shared_ptr<Log> log)
    : options_{std::move(options)}, log_{std::move(log)}, session_{std::move(session)} {
  options_.api_url = detail::checked_base_url(options_.api_url);
  if (!options_.password && !options_.app_token && !options_.ssh_key)
    throw AuthInitializationError{"neither a password nor an app token nor an SSH key is set"};
  if (log_ == nullptr) log_ = std::make_shared<Log>();
  if (session_ == nullptr)
    session_ = std::make_shared<detail::HttpSession>(options_.connection, log_);
}

AuthManager::~AuthManager() = default;

std::optional<std::string> AuthManager::token() {
  if (!token_) return is_refused_ ? std::nullopt : retrieve_token();
  const auto left = time_left();
  if (!left || *left >= kRefreshBelow) return token_;
  // A token that the server will not take any more cannot be refreshed either.
  if (token_active() && refresh_token(*token_)) return token_;
  const auto old = token_;
  token_.reset();
  if (!is_refused_) perform_auth();
  if (!token_ && *left > std::chrono::seconds{0}) token_ = old;
  return token_;
}

std::optional<std::string> AuthManager::retrieve_token() {
  perform_auth();
  return token_;
}

void AuthManager::perform_auth(const std::vector<std::string>& channels) {
  is_refused_ = false;
  for (const auto& channel : channels) {
    if (channel != "ssh_key" && channel != "app_token" && channel != "password")
      throw AuthenticationError{"there is no way to sign in called `" + channel + "`"};
  }
  for (const auto& channel : channels) {
    if (channel != "password" || !options_.password || options_.enforce_ssh) continue;
    auth_via_password();
    if (token_) return;
  }
  if (!options_.password || options_.enforce_ssh) {
    log_->write(LogLevel::Warning, "No token: the registry has no sign-in by app token or SSH key");
    is_refused_ = true;
  }
}

void AuthManager::auth_via_password() {
  if (!options_.password) throw AuthenticationError{"no password is set"};
  detail::HttpRequest request;
  request.method = "POST";
  request.url = options_.api_url + "/auth/login/";
  request.body = detail::FormBody{{{"login", options_.login}, {"password", *options_.password}}};
  const auto reply = detail::read_reply(session_->send(request));
  if (const auto token = token_in(reply)) return keep(*token);
  token_.reset();
  // An answer is final; a server that is away may come back.
  is_refused_ = reply.ok() || (reply.status >= 400 && reply.status < 500);
  if (reply.status == 0) {  // nobody was there to ask: what is asked next tells so
    log_->write(LogLevel::Info, "POST auth/login/: " + reply.problem);
    return;
  }
  log_->write(LogLevel::Error,
              "POST auth/login/: " + (reply.ok() ? "no token came" : reply.problem));
  log_->write(LogLevel::Error, "Could not authenticate. Is the login and password correct?");
}

void AuthManager::auth_via_app_token() {
  throw AuthenticationError{"the registry has no sign-in by app token"};
}

void AuthManager::auth_via_ssh_key() {
  throw AuthenticationError{"the registry has no sign-in by SSH key"};
}

std::optional<std::string> AuthManager::refresh_token(const std::string& old) {
  if (!detail::is_token_text(old)) return std::nullopt;
  detail::HttpRequest request;
  request.url = options_.api_url + "/auth/token/";
  request.headers.emplace_back("Authorization", "Bearer " + old);
  const auto reply = detail::read_reply(session_->send(request));
  if (const auto token = token_in(reply)) {
    keep(*token);
    return token_;
  }
  log_->write(LogLevel::Warning, "The token was not refreshed: " + reply.problem);
  return std::nullopt;
}

void AuthManager::keep(const std::string& token) {
  const auto claims = detail::read_claims(token);
  token_ = token;
  user_id_ = claims.user_id;
  expires_ = claims.expires;
  deadline_.reset();
  if (!claims.expires) return;
  // Beyond a year a token may as well have no end; so far the arithmetic cannot overflow.
  constexpr std::int64_t kYear = 366 * 86400;
  const auto now = std::chrono::duration_cast<std::chrono::seconds>(
                       std::chrono::system_clock::now().time_since_epoch())
                       .count();
  const auto begin = claims.issued.value_or(now);
  const bool is_sane = begin >= 0 && *claims.expires >= 0;
  const auto life = is_sane ? std::min(*claims.expires - begin, kYear) : 0;
  deadline_ = Steady::now() + std::chrono::seconds{life};
}

std::optional<std::chrono::seconds> AuthManager::time_left() const {
  if (!deadline_) return std::nullopt;
  return std::chrono::duration_cast<std::chrono::seconds>(*deadline_ - Steady::now());
}

std::optional<std::int64_t> AuthManager::user_id() const {
  return token_ ? user_id_ : std::nullopt;
}

std::optional<std::chrono::system_clock::time_point> AuthManager::expires_at() const {
  if (!token_ || !expires_) return std::nullopt;
  return std::chrono::system_clock::time_point{std::chrono::seconds{*expires_}};
}

bool AuthManager::token_active() const {
  return token_.has_value() && (!deadline_ || Steady::now() < *deadline_);
}

}  // namespace millrace::client
