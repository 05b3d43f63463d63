#include "api/atflow/authenticator.hpp"

#include <algorithm>
#include <ctime>
#include <optional>
#include <utility>

#include "api/auth/qiniu_signature.hpp"

namespace millrace::atflow {

namespace {

constexpr std::string_view kNobodysSecret = "the secret of a key that does not exist";

// Reads "20260801T120000Z".
std::optional<Clock::Wall> read_date(std::string_view text) {
  std::tm parts{};
  const std::string copy{text};
  const char* end = ::strptime(copy.c_str(), "%Y%m%dT%H%M%SZ", &parts);
  if (end == nullptr || *end != '\0' || copy.size() != 16) return std::nullopt;
  return std::chrono::system_clock::from_time_t(::timegm(&parts));
}

// The vendor's JavaScript SDK signs a port that is not the scheme's default twice: "h:8080:8080".
// It binds the same host and port.
std::string with_port_twice(std::string_view host) {
  const auto colon = host.rfind(':');
  const bool has_port = colon != std::string_view::npos && colon + 1 < host.size() &&
                        host.find_first_not_of("0123456789", colon + 1) == std::string_view::npos;
  return has_port ? std::string{host}.append(host.substr(colon)) : std::string{};
}

bool matches(const http::Request& request, const Settings& settings,
             const auth::QiniuCredential& credential, std::string_view secret) {
  if (credential.is_qbox) {
    return auth::equal_signatures(auth::sign(secret, auth::qbox_string_to_sign(request)),
                                  credential.signature);
  }
  const auto is_signed_for = [&](std::string_view host) {
    return auth::equal_signatures(auth::sign(secret, auth::string_to_sign(request, host)),
                                  credential.signature);
  };
  const auto host = request.headers.get("Host");
  if (is_signed_for(host)) return true;
  if (const auto twice = with_port_twice(host); !twice.empty() && is_signed_for(twice)) return true;
  return std::any_of(settings.trusted_hosts.begin(), settings.trusted_hosts.end(), is_signed_for);
}

api::Refusal unauthenticated(std::string_view code, std::string message) {
  return api::refusal(Code::Unauthenticated, code, std::move(message));
}

api::Caller caller_for(const AccessKey* key, const Settings& settings) {
  api::Caller caller;
  caller.rights.objects_only = true;
  std::string log_bucket = settings.log_bucket;
  if (key != nullptr) {
    caller.owner = key->access_key;
    caller.is_admin = key->is_admin;
    caller.rights.grants = key->grants;
    if (!key->log_bucket.empty()) log_bucket = key->log_bucket;
  } else {
    caller.is_admin = true;
  }
  caller.facts = Json{{"logBucket", log_bucket}};
  return caller;
}

}  // namespace

Authenticator::Authenticator(Settings settings, const Clock& clock, std::size_t most_remembered)
    : clock_{clock},
      most_remembered_{most_remembered},
      settings_{std::make_shared<const Settings>(std::move(settings))} {}

void Authenticator::exchange(Settings settings) {
  auto fresh = std::make_shared<const Settings>(std::move(settings));
  const std::lock_guard lock{mutex_};
  settings_ = std::move(fresh);
}

std::shared_ptr<const Settings> Authenticator::settings() const {
  const std::lock_guard lock{mutex_};
  return settings_;
}

Result<void, api::Refusal> Authenticator::check_head(const http::Request& request) const {
  const auto settings = this->settings();
  if (!settings->auth_enabled) return {};
  const auto header = request.headers.find("Authorization");
  if (!header) return unauthenticated("auth_missing", "authorization header is missing");
  const auto credential = auth::read_credential(*header);
  if (!credential || (credential->is_qbox && !settings->accept_qbox)) {
    return unauthenticated("auth_form", "authorization header must be: Qiniu <AccessKey>:<Sign>");
  }
  const auto key = settings->keys.find(credential->access_key);
  if (key == settings->keys.end() || !key->second.is_enabled) {
    // As long as for a known key, so that time does not tell which keys exist.
    static_cast<void>(matches(request, *settings, *credential, kNobodysSecret));
    return unauthenticated("auth_key", "access key is not known or not enabled");
  }
  return {};
}

Result<api::Caller, api::Refusal> Authenticator::authenticate(const http::Request& request,
                                                              std::string_view) const {
  const auto settings = this->settings();
  if (!settings->auth_enabled) return caller_for(nullptr, *settings);
  MR_CHECK(check_head(request));
  const auto credential = auth::read_credential(*request.headers.find("Authorization"));
  const auto key = settings->keys.find(credential->access_key);
  if (key == settings->keys.end())
    return unauthenticated("auth_key", "access key is not known or not enabled");
  if (!matches(request, *settings, *credential, key->second.secret_key)) {
    return unauthenticated("auth_signature", "signature does not match");
  }
  const bool unsigned_body =
      !request.body.empty() && !credential->is_qbox && !auth::signs_body(request);
  if (settings->require_signed_body && unsigned_body && request.method == http::Method::Post) {
    return unauthenticated("auth_signature",
                           "the body is not signed: send it as Content-Type: application/json, "
                           "which is signed with it");
  }
  MR_CHECK(check_date(request, *settings, credential->signature));
  return caller_for(&key->second, *settings);
}

Result<void, api::Refusal> Authenticator::check_date(const http::Request& request,
                                                     const Settings& settings,
                                                     std::string_view signature) const {
  const auto date = request.headers.find("X-Qiniu-Date");
  if (!date) {
    if (!settings.require_date) return {};
    return unauthenticated("auth_date", "X-Qiniu-Date is missing");
  }
  const auto when = read_date(*date);
  if (!when) return unauthenticated("auth_date", "X-Qiniu-Date must be YYYYMMDDTHHMMSSZ");
  const auto now = clock_.now();
  if (*when < now - settings.date_window || *when > now + settings.date_window) {
    return unauthenticated("auth_date", "X-Qiniu-Date is too far from the server's clock");
  }
  // Dates have whole seconds: two equal questions within one are honest.
  if (!settings.replay_guard || request.method != http::Method::Post) return {};
  const std::lock_guard lock{mutex_};
  if (seen_.size() >= most_remembered_) {
    std::erase_if(seen_, [&](const auto& item) { return item.second < now; });
  }
  if (seen_.size() >= most_remembered_) {
    return api::refusal(Code::Unavailable, "queue_full",
                        "too many dated requests within the window: try again later");
  }
  const auto [place, is_new] =
      seen_.emplace(std::string{signature}, now + 2 * settings.date_window);
  if (!is_new && place->second >= now)
    return unauthenticated("auth_replay", "request has been seen before");
  place->second = now + 2 * settings.date_window;
  return {};
}

}  // namespace millrace::atflow
