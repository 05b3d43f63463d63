#include "api/maisie/sign_in.hpp"

#include <charconv>

#include "api/auth/bearer.hpp"
#include "api/maisie/problems.hpp"
#include "api/maisie/reply_schemas.hpp"
#include "api/route/refusals.hpp"

#include <fmt/format.h>

namespace millrace::maisie {

namespace {

using api::Answered;
using api::Call;
using api::Caller;
using api::Refusal;
using auth::TokenFault;

std::string login_schema() {
  auto responses = shows_one("Session");
  responses["401"] = {{"doc", "There is no such user, or the password is wrong."}};
  responses["429"] = {{"doc", "Too many wrong passwords: try again later."}};
  const auto text = [](std::string_view example) {
    return Json{{"type", "string"}, {"mandatory", true}, {"example", example}};
  };
  return Json{{"fields", {{"login", text("admin")}, {"password", text("admin")}}},
              {"responses", std::move(responses)}}
      .dump();
}

Refusal refuse_ended() {
  return refuse_sign_in("ExpiredAccessError", "access permission has expired");
}

Refusal refuse_disabled() {
  return refuse_sign_in("InvalidUserError", "Not a valid user or access has been revoked");
}

Refusal refuse_token(const TokenFault& fault) {
  constexpr std::string_view kDecode = "failed to decode JWT token -- ";
  switch (fault.kind) {
    case TokenFault::Kind::NotAToken:
      return refuse_sign_in("InvalidTokenHeader",
                            fmt::format("{}DecodeError: Not enough segments", kDecode));
    case TokenFault::Kind::BadSignature:
      return refuse_sign_in(
          "InvalidTokenHeader",
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
                            fault.claim == "id"
                                ? std::string{"Token is missing id field"}
                                : fmt::format("Token is missing {} claim", fault.claim));
    case TokenFault::Kind::Expired:
      return refuse_ended();
    case TokenFault::Kind::RefreshExpired:
      return refuse_sign_in("ExpiredRefreshError", "refresh permission for token has expired");
  }
  return refuse_sign_in("InvalidTokenHeader", "JWT header structure is invalid");
}

// {"access_token", "valid_for", "user"} with a new token.
http::Response signed_in(const Batch& user, const auth::RenewedToken& token) {
  const auto text = [&user](std::string_view column) {
    const auto value = user.column<std::string_view>(column)[0];
    return value ? Json(*value) : Json(nullptr);
  };
  const Json body{{"data",
                   {{"access_token", token.text},
                    {"valid_for", static_cast<double>(token.lifetime.count())},
                    {"user",
                     {{"id", user.column<std::int64_t>("id").value(0)},
                      {"login", text("login")},
                      {"full_name", text("full_name")},
                      {"email", text("email")}}}}}};
  auto response = http::Response::json(200, body.dump() + "\n");
  response.headers.emplace_back("Cache-Control", "no-store");
  return response;
}

api::ReplyResult reply_login(const SharedRegistry& registry, const Answered& answered,
                             Clock::Wall asked) {
  const auto login = answered.values.text("login");
  const auto& remote = answered.request.remote;
  if (const auto* verified = rows_of(*answered.outcome, "verified")) {
    registry->throttle.succeeded(login, remote);
    if (verified->column<bool>("is_disabled").value(0)) return refuse_disabled();
    const auto& tokens = registry->tokens;
    return signed_in(*verified,
                     {tokens.issue(verified->column<std::int64_t>("id").value(0), asked,
                                   verified->column<std::int64_t>("tokens_since").value(0)),
                      tokens.lifetime()});
  }
  registry->throttle.failed(login, remote);
  if (rows_of(*answered.outcome, "user") != nullptr)
    return refuse_sign_in("AuthenticationError", "The password is incorrect");
  return refuse_sign_in("MissingUserError", "Could not find the requested user");
}

api::TranslateResult translate_login(const SharedRegistry& registry, const Call& call) {
  const auto login = call.values.text("login");
  if (const auto wait = registry->throttle.must_wait(login, call.request.remote)) {
    auto refused =
        api::refusal(Code::Exhausted, "throttled",
                     fmt::format("too many wrong passwords: try again in {} s", wait->count()));
    refused.retry_after = *wait;
    return refused;
  }
  api::Bound bound{.parameters = {{"login", login}, {"password", call.values.text("password")}}};
  // The token is of a moment before the password was looked at: one that is changed meanwhile ends
  // it.
  bound.reply = [registry, asked = registry->clock.now()](const Answered& answered) {
    return reply_login(registry, answered, asked);
  };
  return bound;
}

// A caller with a token, as its claims say: what confirm() and a refresh look at.
constexpr std::string_view kIssuedAt = "issued_at";
constexpr std::string_view kRefreshUntil = "refresh_until";

std::int64_t issued_at(const Caller& caller) {
  return caller.facts.value(kIssuedAt, std::int64_t{0});
}

// Whether what was issued to a user is any good.
Result<void, Refusal> check_user(const KnownUser& user, std::int64_t issued_at) {
  if (user.is_disabled) return refuse_disabled();
  if (issued_at < user.tokens_since) return refuse_ended();
  return {};
}

api::ReplyResult reply_token(const SharedRegistry& registry, const Answered& answered,
                             Clock::Wall asked) {
  const auto* user = rows_of(*answered.outcome, "user");
  if (user == nullptr) return refuse_lost_user();
  const auto& caller = answered.caller;
  // Once more, of the row as it was behind the moment of the new token.
  MR_CHECK(check_user({.tokens_since = user->column<std::int64_t>("tokens_since").value(0),
                       .is_disabled = user->column<bool>("is_disabled").value(0)},
                      issued_at(caller)));
  const auth::TokenClaims old{.user_id = user_of(caller),
                              .issued_at = issued_at(caller),
                              .refresh_until = caller.facts.value(kRefreshUntil, std::int64_t{0}),
                              .token_id = {}};
  const auto renewed = registry->tokens.renew(old, asked);
  if (!renewed.ok()) return refuse_token(renewed.error());
  return signed_in(*user, *renewed);
}

api::TranslateResult translate_token(const SharedRegistry& registry, const Call& call) {
  api::Bound bound{.parameters = {{"id", user_of(call.caller)}}};
  bound.reply = [registry, asked = registry->clock.now()](const Answered& answered) {
    return reply_token(registry, answered, asked);
  };
  return bound;
}

}  // namespace

std::int64_t user_of(const Caller& caller) { return caller.facts.value("user", std::int64_t{0}); }

Views Registry::views(const Call& call) const {
  auto base = settings.public_base.empty() ? call.request.base_url() : settings.public_base;
  const auto user = user_of(call.caller);
  if (!settings.hides_private() || user == 0) return Views{std::move(base)};
  return Views{std::move(base),
               [this, user, earliest = issued_at(call.caller)](std::int64_t model) {
                 return tokens.issue_ticket(model, user, clock.now(), earliest);
               }};
}

Caller SignIn::caller(std::int64_t user, std::int64_t issued_at) const {
  Caller caller;
  // Owner 0 is nobody's: of what has owners, they see what is public.
  if (registry_->settings.hides_private()) caller.owner = std::to_string(user);
  caller.name = user == 0 ? "anonymous" : fmt::format("user {}", user);
  caller.facts = {{"user", user}, {kIssuedAt, issued_at}};
  return caller;
}

Caller SignIn::anonymous() const { return caller(0, 0); }

Result<Caller, Refusal> SignIn::authenticate(const http::Request& request, std::string_view) const {
  const auto now = registry_->clock.now();
  const auto bearer = auth::read_bearer(request.headers);
  if (const auto* fault = std::get_if<auth::BearerFault>(&bearer)) {
    if (*fault == auth::BearerFault::Malformed)
      return refuse_sign_in("InvalidTokenHeader", "JWT header structure is invalid");
    const auto ticket = request.query_value("ticket");
    if (!ticket || !request.path.starts_with("/storage/"))
      return refuse_sign_in("MissingTokenHeader",
                            "JWT token not found in headers under 'Authorization'");
    std::int64_t model = 0;
    const auto id = request.path_value("id");
    std::from_chars(id.data(), id.data() + id.size(), model);
    const auto good = registry_->tokens.verify_ticket(*ticket, model, now);
    if (!good.ok()) return refuse_token(good.error());
    return caller(good->user_id, good->issued_at);
  }
  const auto claims = registry_->tokens.verify(std::get<std::string_view>(bearer), now);
  if (!claims.ok()) return refuse_token(claims.error());
  auto found = caller(claims->user_id, claims->issued_at);
  found.facts[kRefreshUntil] = claims->refresh_until;
  return found;
}

Result<void, Refusal> SignIn::confirm(const Caller& caller) const {
  const auto user = user_of(caller);
  if (user == 0) return {};
  MR_TRY(const auto found, registry_->users.find(user));
  if (!found) return refuse_lost_user();
  return check_user(*found, issued_at(caller));
}

std::vector<api::Route> sign_in_routes(const SharedRegistry& registry) {
  api::Route login{.method = http::Method::Post,
                   .path = "/api/v1/auth/login/",
                   .name = "login",
                   .summary = "Sign in with login and password",
                   .auth = api::Auth::Optional,
                   .schema = login_schema()};
  login.hashes_password = true;
  login.translate = [registry](const Call& call) { return translate_login(registry, call); };

  api::Route token{.method = http::Method::Get,
                   .path = "/api/v1/auth/token/",
                   .name = "token",
                   .summary = "A new token for a good one",
                   .schema = Json{{"responses", shows_one("Session")}}.dump()};
  token.translate = [registry](const Call& call) { return translate_token(registry, call); };
  return {std::move(login), std::move(token)};
}

}  // namespace millrace::maisie
