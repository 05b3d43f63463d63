#include "api/auth/token.hpp"

#include <algorithm>

#include "api/auth/unix_seconds.hpp"
#include "engine/base/json.hpp"
#include "engine/base/random.hpp"

#include <fmt/format.h>

namespace millrace::auth {

namespace {

// nbf is never written; another program with our secret may, and then it is kept.
TokenRules user_token_rules() {
  constexpr std::int64_t kLastSecond = 253'402'300'799;  // the end of the year 9999
  constexpr std::int64_t kMaxTokenIdBytes = 128;
  return {.claims = {{.name = "jti",
                      .type = TokenRules::Claim::Type::Text,
                      .least = 1,
                      .most = kMaxTokenIdBytes},
                     {.name = "id", .least = 1},
                     {.name = "exp", .least = 0, .most = kLastSecond},
                     {.name = "rf_exp", .least = 0, .most = kLastSecond},
                     {.name = "iat", .least = 0, .most = kLastSecond},
                     {.name = "nbf", .is_required = false, .least = 0, .most = kLastSecond}}};
}

}  // namespace

TokenIssuer::TokenIssuer(TokenVerifier tokens, Digest ticket_key, std::chrono::seconds lifetime)
    : tokens_{std::move(tokens)}, ticket_key_{ticket_key}, lifetime_{lifetime} {}

Result<TokenIssuer> TokenIssuer::make(std::string secret, std::chrono::seconds lifetime) {
  const auto ticket_key = derive_key(secret, "millrace download ticket");
  MR_TRY(auto tokens, TokenVerifier::make(std::move(secret), user_token_rules()));
  if (lifetime < std::chrono::seconds{1} || lifetime > kRefreshWindow)
    return Error{Code::InvalidArgument, fmt::format("lifetime of tokens: {} s, must be 1 to {} s",
                                                    lifetime.count(), kRefreshWindow.count())};
  return TokenIssuer{std::move(tokens), ticket_key, lifetime};
}

std::string TokenIssuer::issue(std::int64_t user_id, Clock::Wall now, std::int64_t earliest) const {
  const auto issued_at = std::max(unix_seconds(now), earliest);
  return sign({.user_id = user_id,
               .issued_at = issued_at,
               .expires_at = issued_at + lifetime_.count(),
               .refresh_until = issued_at + kRefreshWindow.count(),
               .token_id = system_random().uuid()});
}

Result<RenewedToken, TokenFault> TokenIssuer::renew(const TokenClaims& old, Clock::Wall now) const {
  // One that was issued for a second to come is as good as it will be then.
  const auto issued_at = std::max(unix_seconds(now), old.issued_at);
  if (issued_at > old.refresh_until) return TokenFault{TokenFault::Kind::RefreshExpired};
  const auto expires_at = std::min(issued_at + lifetime_.count(), old.refresh_until);
  return RenewedToken{sign({.user_id = old.user_id,
                            .issued_at = issued_at,
                            .expires_at = expires_at,
                            .refresh_until = old.refresh_until,
                            .token_id = system_random().uuid()}),
                      std::chrono::seconds{expires_at - issued_at}};
}

std::string TokenIssuer::sign(const TokenClaims& claims) const {
  return tokens_.sign({{"iat", claims.issued_at},
                       {"exp", claims.expires_at},
                       {"rf_exp", claims.refresh_until},
                       {"jti", claims.token_id},
                       {"id", claims.user_id},
                       {"rls", "admin,test"}});
}

Result<TokenClaims, TokenFault> TokenIssuer::verify(std::string_view token, Clock::Wall now) const {
  MR_TRY(const Json claims, tokens_.verify(token, now));
  const auto integer = [&](const char* name) { return claims.at(name).get<std::int64_t>(); };
  return TokenClaims{.user_id = integer("id"),
                     .issued_at = integer("iat"),
                     .expires_at = integer("exp"),
                     .refresh_until = integer("rf_exp"),
                     .token_id = claims.at("jti").get<std::string>()};
}

}  // namespace millrace::auth
