#include "api/auth/token.hpp"

#include <set>

#include <catch2/catch.hpp>

#include "engine/base/base64.hpp"
#include "engine/base/json.hpp"
#include "tests/api_auth/forgery.hpp"

using namespace millrace;
using namespace millrace::test;
using namespace std::chrono_literals;
using auth::TokenClaims;
using auth::TokenFault;
using auth::TokenIssuer;

namespace {

TokenIssuer issuer(std::chrono::seconds lifetime = 900s) {
  auto made = TokenIssuer::make(std::string{kSecret}, lifetime);
  REQUIRE(made.ok());
  return *std::move(made);
}

const Clock::Wall kStart{1'700'000'000s};

TokenClaims claims_of(const TokenIssuer& tokens, std::string_view token, Clock::Wall now) {
  const auto read = tokens.verify(token, now);
  REQUIRE(read.ok());
  return *read;
}

}  // namespace

TEST_CASE("a token says who signed in and until when", "[api][auth][token]") {
  const auto tokens = issuer();
  const auto token = tokens.issue(7, kStart + 999ms);
  const auto first = token.find('.');
  const auto second = token.rfind('.');
  CHECK(from_base64url(token.substr(0, first)) == R"({"typ":"JWT","alg":"HS256"})");
  const auto payload =
      parse_json(from_base64url(token.substr(first + 1, second - first - 1)).value());
  REQUIRE(payload.ok());
  const auto id = (*payload)["jti"].get<std::string>();
  CHECK(id.size() == 36);
  CHECK(payload->dump() == R"({"iat":1700000000,"exp":1700000900,"rf_exp":1702592000,"jti":")" +
                               id + R"(","id":7,"rls":"admin,test"})");
  const auto read = tokens.verify(token, kStart);
  REQUIRE(read.ok());
  CHECK(read->user_id == 7);
  CHECK(read->issued_at == 1'700'000'000);
  CHECK(read->expires_at == 1'700'000'900);
  CHECK(read->refresh_until == 1'702'592'000);
  CHECK(read->token_id == id);
  CHECK(tokens.lifetime() == 900s);
}

TEST_CASE("a token is good through its last second", "[api][auth][token]") {
  for (const auto lifetime : {1s, 900s, 2'700s, TokenIssuer::kRefreshWindow}) {
    const auto tokens = issuer(lifetime);
    const auto token = tokens.issue(1, kStart);
    CHECK(tokens.verify(token, kStart + lifetime + 999ms).ok());
    const auto late = tokens.verify(token, kStart + lifetime + 1s);
    REQUIRE_FALSE(late.ok());
    CHECK(late.error().kind == TokenFault::Kind::Expired);
  }
}

TEST_CASE("a token is issued for a second to come where what was issued before is no good",
          "[api][auth][token]") {
  const auto tokens = issuer();
  const auto issued_at = [&](std::int64_t earliest) {
    return claims_of(tokens, tokens.issue(7, kStart, earliest), kStart);
  };
  CHECK(issued_at(1'600'000'000).issued_at == 1'700'000'000);
  CHECK(issued_at(1'700'000'001).issued_at == 1'700'000'001);
  CHECK(issued_at(1'700'000'001).expires_at == 1'700'000'901);
  CHECK(issued_at(1'700'000'001).refresh_until == 1'702'592'001);
}

TEST_CASE("a renewed token keeps the end of refreshing, and ends with it", "[api][auth][token]") {
  const auto tokens = issuer();
  const auto first = claims_of(tokens, tokens.issue(7, kStart), kStart);
  const auto renew = [&](const TokenClaims& old, Clock::Wall now) {
    const auto renewed = tokens.renew(old, now);
    REQUIRE(renewed.ok());
    const auto claims = claims_of(tokens, renewed->text, now);
    CHECK(renewed->lifetime.count() == claims.expires_at - claims.issued_at);
    return claims;
  };
  const auto second = renew(first, kStart + 800s);
  CHECK(second.user_id == 7);
  CHECK(second.issued_at == first.issued_at + 800);
  CHECK(second.expires_at == first.expires_at + 800);
  CHECK(second.refresh_until == first.refresh_until);
  CHECK(second.token_id != first.token_id);
  // However often: the last one ends with the month.
  auto last = second;
  auto now = kStart + 800s;
  for (; now < kStart + TokenIssuer::kRefreshWindow; now += 800s) last = renew(last, now);
  CHECK(last.expires_at == first.refresh_until);
  const auto refused = tokens.renew(last, kStart + TokenIssuer::kRefreshWindow + 1s);
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.error().kind == TokenFault::Kind::RefreshExpired);
  // One that was issued for a second to come is not renewed to one of before.
  const auto early = claims_of(tokens, tokens.issue(7, kStart, 1'700'000'001), kStart);
  CHECK(renew(early, kStart).issued_at == 1'700'000'001);
}

TEST_CASE("two tokens of one user and one moment differ, and both are good", "[api][auth][token]") {
  const auto tokens = issuer();
  std::set<std::string> seen;
  for (int i = 0; i < 100; ++i) {
    const auto token = tokens.issue(7, kStart);
    seen.insert(token);
    CHECK(tokens.verify(token, kStart).ok());
  }
  CHECK(seen.size() == 100);
}

TEST_CASE("a token of another program with the same secret is good", "[api][auth][token]") {
  // Made with Python's hmac, hashlib and base64.
  const std::string_view token =
      "eyJ0eXAiOiJKV1QiLCJhbGciOiJIUzI1NiJ9."
      "eyJpYXQiOjE3MDAwMDAwMDAsImV4cCI6MTcwMDAwMDkwMCwicmZfZXhwIjoxNzAyNTkyMDAwLCJqdGkiOiI2ZjFjMmMx"
      "ZS02ZjBlLTRhM2ItOWQ1NS0wYzZkNWE5YTJiMTEiLCJpZCI6NywicmxzIjoiYWRtaW4sdGVzdCJ9."
      "XsWn1LLnUSwLV2WkFR6mccoxfv0oWsC-Y9gewLHiPGo";
  const auto read = issuer().verify(token, kStart);
  REQUIRE(read.ok());
  CHECK(read->user_id == 7);
}

TEST_CASE("the signature is that of RFC 7515, appendix A.1", "[api][auth][token]") {
  auto tokens = TokenIssuer::make(
      from_base64url("AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgU"
                     "uTwjAzZr1Z9CAow")
          .value(),
      900s);
  REQUIRE(tokens.ok());
  const std::string token =
      "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9."
      "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVl"
      "fQ.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
  const auto kind = [&](const std::string& text) {
    const auto read = tokens->verify(text, kStart);
    REQUIRE_FALSE(read.ok());
    return read.error().kind;
  };
  // Its signature is taken; it is not one of ours only because it names no user.
  CHECK(kind(token) == TokenFault::Kind::MissingClaim);
  CHECK(kind(token.substr(0, token.size() - 1) + 'g') == TokenFault::Kind::BadSignature);
}

TEST_CASE("a secret that is too short, or a lifetime out of range, makes no tokens",
          "[api][auth][token]") {
  const auto code = [](std::size_t bytes, std::chrono::seconds lifetime) {
    const auto made = TokenIssuer::make(std::string(bytes, 's'), lifetime);
    return made.ok() ? std::string{"ok"} : std::string{to_string(made.error().code)};
  };
  CHECK(code(32, 900s) == "ok");
  CHECK(code(31, 900s) == "invalid_argument");
  CHECK(code(0, 900s) == "invalid_argument");
  CHECK(code(32, 1s) == "ok");
  CHECK(code(32, 0s) == "invalid_argument");
  CHECK(code(32, -1s) == "invalid_argument");
  CHECK(code(32, TokenIssuer::kRefreshWindow) == "ok");
  CHECK(code(32, TokenIssuer::kRefreshWindow + 1s) == "invalid_argument");
}
