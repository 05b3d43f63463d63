#include "api/maisie/sign_in.hpp"

#include <charconv>

#include "api/auth/bearer.hpp"
#include "api/maisie/field_rules.hpp"
#include "api/maisie/problems.hpp"
#include "api/route/refusals.hpp"

#include <fmt/format.h>

namespace millrace::maisie {

namespace {

using api::Answered;
using api::Caller;
using api::Refusal;
using auth::TokenFault;

constexpr std::array kLoginFields{FieldRule{"login", "login", FieldRule::Kind::Text, 0, true},
                                  FieldRule{"password", "password", FieldRule::Kind::Text, 0, true}};

Refusal refuse_token(const TokenFault& fault) {
  constexpr std::string_view kDecode = "failed to decode JWT token -- ";
  switch (fault.kind) {
    case TokenFault::Kind::NotAToken:
      return refuse_sign_in("InvalidTokenHeader",
                            fmt::format("{}DecodeError: Not enough segments", kDecode));
    case TokenFault::Kind::BadSignature:
      return refuse_sign_in("InvalidTokenHeader",
                            fmt::format("{}InvalidSignatureError: Signature verification failed", kDecode));
    case TokenFault::Kind::BadHeader:
      return refuse_sign_in(
          "InvalidTokenHeader",
          fmt::format("{}InvalidAlgorithmError: The specified alg value is not allowed", kDecode));
    case TokenFault::Kind::BadClaim:
      return refuse_sign_in("InvalidTokenHeader",
                            fmt::format("{}DecodeError: Invalid claim {}", kDecode, fault.claim));
    case TokenFault::Kind::MissingClaim:
      return refuse_sign_in("MissingClaimError",
                            fault.claim == "id" ? std::string{"Token is missing id field"}
                                                : fmt::format("Token is missing {} claim", fault.claim));
    case TokenFault::Kind::Expired:
      return refuse_sign_in("ExpiredAccessError", "access permission has expired");
  }
  return refuse_sign_in("InvalidTokenHeader", "JWT header structure is invalid");
}

// {"access_token", "valid_for", "user"} with a new token.
http::Response signed_in(const Registry& registry, const Batch& user) {
  const auto lifetime = registry.tokens.lifetime();
  const auto text = [&user](std::string_view column) {
    const auto value = user.column<std::string_view>(column)[0];
    return value ? Json(*value) : Json(nullptr);
  };
  const auto id = user.column<std::int64_t>("id").value(0);
  const Json body{{"data",
                   {{"access_token", registry.tokens.issue(id, registry.clock.now())},
                    {"valid_for", static_cast<double>(lifetime.count())},
                    {"user",
                     {{"id", id},
                      {"login", text("login")},
                      {"full_name", text("full_name")},
                      {"email", text("email")}}}}}};
  auto response = http::Response::json(200, body.dump() + "\n");
  response.headers.emplace_back("Cache-Control", "no-store");
  return response;
}

std::variant<Json, Refusal> read_login(const http::Request& request) {
  auto fields = Fields::read(request);
  if (auto* refused = std::get_if<Refusal>(&fields)) return std::move(*refused);
  return read_columns(std::get<Fields>(std::move(fields)), kLoginFields, true);
}

api::TranslateResult translate_login(const SharedRegistry& registry, const http::Request& request) {
  auto read = read_login(request);
  if (auto* refused = std::get_if<Refusal>(&read)) return std::move(*refused);
  const auto& columns = std::get<Json>(read);
  const auto wait = registry->throttle.must_wait(columns["login"].get<std::string>(), request.remote);
  if (wait) {
    auto refused =
        api::refusal(Code::Exhausted, "throttled",
                     fmt::format("too many wrong passwords: try again in {} s", wait->count()));
    refused.retry_after = *wait;
    return refused;
  }
  return api::Bound{.parameters = columns};
}

api::ReplyResult reply_login(const SharedRegistry& registry, const Answered& answered) {
  const auto read = read_login(answered.request);
  const auto login = std::get<Json>(read)["login"].get<std::string>();
  const auto& remote = answered.request.remote;
  if (const auto* verified = rows_of(*answered.outcome, "verified")) {
    registry->throttle.succeeded(login, remote);
    return signed_in(*registry, *verified);
  }
  registry->throttle.failed(login, remote);
  if (rows_of(*answered.outcome, "user") != nullptr)
    return refuse_sign_in("AuthenticationError", "The password is incorrect");
  return refuse_sign_in("MissingUserError", "Could not find the requested user");
}

}  // namespace

std::int64_t user_of(const Caller& caller) { return caller.facts.value("user", std::int64_t{0}); }

Views Registry::views(const http::Request& request, const Caller& caller) const {
  auto base = settings.public_base.empty() ? request.base_url() : settings.public_base;
  if (!settings.hides_private()) return Views{std::move(base)};
  return Views{std::move(base), [this, user = user_of(caller)](std::int64_t model) {
                 return tokens.issue_ticket(model, user, clock.now());
               }};
}

Caller SignIn::caller(std::int64_t user) const {
  Caller caller;
  // Owner 0 is nobody's: of what has owners, they see what is public.
  if (registry_->settings.hides_private()) caller.owner = std::to_string(user);
  caller.name = user == 0 ? "anonymous" : fmt::format("user {}", user);
  caller.facts = {{"user", user}};
  return caller;
}

Caller SignIn::anonymous() const { return caller(0); }

std::variant<Caller, Refusal> SignIn::authenticate(const http::Request& request) const {
  const auto now = registry_->clock.now();
  const auto bearer = auth::read_bearer(request.headers);
  if (const auto* fault = std::get_if<auth::BearerFault>(&bearer)) {
    if (*fault == auth::BearerFault::Malformed)
      return refuse_sign_in("InvalidTokenHeader", "JWT header structure is invalid");
    const auto ticket = request.query_value("ticket");
    if (!ticket || !request.path.starts_with("/storage/"))
      return refuse_sign_in("MissingTokenHeader", "JWT token not found in headers under 'Authorization'");
    std::int64_t model = 0;
    const auto id = request.path_value("id");
    std::from_chars(id.data(), id.data() + id.size(), model);
    const auto good = registry_->tokens.verify_ticket(*ticket, model, now);
    if (const auto* problem = std::get_if<TokenFault>(&good)) return refuse_token(*problem);
    return caller(std::get<std::int64_t>(good));
  }
  const auto claims = registry_->tokens.verify(std::get<std::string_view>(bearer), now);
  if (const auto* fault = std::get_if<TokenFault>(&claims)) return refuse_token(*fault);
  return caller(std::get<auth::TokenClaims>(claims).user_id);
}

std::optional<Refusal> SignIn::confirm(const Caller& caller) const {
  const auto user = user_of(caller);
  if (user == 0) return std::nullopt;
  const auto is_there = registry_->users.is_there(user);
  if (!is_there.ok()) return Refusal{.error = is_there.error()};
  if (*is_there) return std::nullopt;
  return refuse_lost_user();
}

std::vector<api::Route> sign_in_routes(const SharedRegistry& registry) {
  api::Route login{.method = http::Method::Post,
                   .path = "/api/v1/auth/login/",
                   .name = "login",
                   .summary = "Sign in with login and password",
                   .auth = api::Auth::Optional};
  login.translate = [registry](const http::Request& request, const Caller&) {
    return translate_login(registry, request);
  };
  login.reply = [registry](const Answered& answered) { return reply_login(registry, answered); };

  api::Route token{.method = http::Method::Get,
                   .path = "/api/v1/auth/token/",
                   .name = "token",
                   .summary = "A new token for a good one"};
  token.translate = [](const http::Request&, const Caller& caller) -> api::TranslateResult {
    return api::Bound{.parameters = {{"id", user_of(caller)}}};
  };
  token.reply = [registry](const Answered& answered) -> api::ReplyResult {
    if (const auto* user = rows_of(*answered.outcome, "user")) return signed_in(*registry, *user);
    return refuse_lost_user();
  };
  return {std::move(login), std::move(token)};
}

}  // namespace millrace::maisie
