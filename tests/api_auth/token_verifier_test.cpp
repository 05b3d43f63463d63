// Tokens by the rules that a dialect gives: here those of a service that knows no users of its own,
// whose tokens name an audience and need not end.
#include "api/auth/token_verifier.hpp"

#include <algorithm>

#include <catch2/catch.hpp>

#include "tests/api_auth/forgery.hpp"

#include <fmt/format.h>

using namespace millrace;
using namespace millrace::test;
using namespace std::chrono_literals;
using auth::TokenFault;
using auth::TokenRules;
using auth::TokenVerifier;

namespace {

constexpr std::string_view kShortSecret = "spec-test-secret";
constexpr std::int64_t kNow = 1'700'000'060;  // forgery_time()

TokenRules audience_rules() {
  return {.claims = {{.name = "exp", .is_required = false},
                     {.name = "nbf", .is_required = false},
                     {.name = "iat", .is_required = false}},
          .audience = "www.inanalysis.com",
          .secret_bytes_min = 1};
}

TokenVerifier verifier(TokenRules rules = audience_rules(),
                       std::string secret = std::string{kShortSecret}) {
  auto made = TokenVerifier::make(std::move(secret), std::move(rules));
  REQUIRE(made.ok());
  return *std::move(made);
}

// What is wrong with a token of these claims: "" when it is good, "bad exp", "missing aud".
std::string fault_of(const TokenVerifier& tokens, std::string_view claims,
                     Clock::Wall now = forgery_time()) {
  const auto read = tokens.verify(signed_token(kHeader, claims, kShortSecret), now);
  if (read.ok()) return "";
  const auto& fault = read.error();
  switch (fault.kind) {
    case TokenFault::Kind::MissingClaim:
      return fmt::format("missing {}", fault.claim);
    case TokenFault::Kind::BadClaim:
      return fmt::format("bad {}", fault.claim);
    case TokenFault::Kind::Expired:
      return "expired";
    default:
      return "no token";
  }
}

std::string with_audience(std::string_view more) {
  return fmt::format(R"({{"aud":"www.inanalysis.com",{}}})", more);
}

}  // namespace

TEST_CASE("a token that need not end and names its audience is good for ever",
          "[api][auth][verifier]") {
  // Signed by another program with the secret "spec-test-secret".
  const std::string token =
      "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJhdWQiOiJ3d3cuaW5hbmFseXNpcy5jb20ifQ."
      "lZuaFB5gZMihgNjye2i8Har12sW8MXqJVrerg8gV1o8";
  const auto tokens = verifier();
  for (const auto when : {0s, 1'700'000'000s, 9'000'000'000s}) {
    const auto read = tokens.verify(token, Clock::Wall{when});
    REQUIRE(read.ok());
    CHECK(*read == Json{{"aud", "www.inanalysis.com"}});
  }
  auto changed = token;
  changed[token.find('.') + 1] = 'f';
  const auto refused = tokens.verify(changed, forgery_time());
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.error().kind == TokenFault::Kind::BadSignature);
  CHECK_FALSE(verifier(audience_rules(), "spec-test-secret ").verify(token, forgery_time()).ok());
}

TEST_CASE("an audience stands alone or in a list, and must be the one that is wanted",
          "[api][auth][verifier]") {
  const auto tokens = verifier();
  CHECK(fault_of(tokens, R"({"aud":"www.inanalysis.com"})").empty());
  CHECK(fault_of(tokens, R"({"aud":["other","www.inanalysis.com"]})").empty());
  CHECK(fault_of(tokens, "{}") == "missing aud");
  for (const char* other :
       {R"("other")", R"("www.inanalysis.com ")", R"("WWW.inanalysis.com")", "[]", R"(["other"])",
        R"([["www.inanalysis.com"]])", "null", "7", "true", R"({"www.inanalysis.com":1})"}) {
    INFO(other);
    CHECK(fault_of(tokens, fmt::format(R"({{"aud":{}}})", other)) == "bad aud");
  }
  auto nobody = audience_rules();
  nobody.audience.clear();
  CHECK(fault_of(verifier(nobody), "{}").empty());
  CHECK(fault_of(verifier(nobody), R"({"aud":"www.inanalysis.com"})") == "bad aud");
  CHECK(fault_of(verifier(nobody), R"({"aud":""})") == "bad aud");
}

TEST_CASE("times count when they are there, and must be integers then", "[api][auth][verifier]") {
  const auto tokens = verifier();
  const auto fault = [&](std::string_view claim, std::string_view value) {
    return fault_of(tokens, with_audience(fmt::format(R"("{}":{})", claim, value)));
  };
  CHECK(fault("exp", std::to_string(kNow)).empty());
  CHECK(fault("exp", std::to_string(kNow - 1)) == "expired");
  CHECK(fault("exp", "-1") == "expired");
  CHECK(fault("exp", "9223372036854775807").empty());
  CHECK(fault("nbf", std::to_string(kNow)).empty());
  CHECK(fault("nbf", std::to_string(kNow + 1)) == "bad nbf");
  CHECK(fault("nbf", "-9223372036854775808").empty());
  CHECK(fault("iat", std::to_string(kNow + 1'000'000)).empty());
  for (const char* claim : {"exp", "nbf", "iat"}) {
    for (const char* value : {"null", "true", "\"1700000900\"", "1700000900.0", "1.7e9", "[1]",
                              "{}", "9223372036854775808"}) {
      INFO(claim << ' ' << value);
      CHECK(fault(claim, value) == fmt::format("bad {}", claim));
    }
  }
  // What the rules do not name is not looked at.
  CHECK(fault("iss", "7").empty());
  CHECK(fault("sub", "null").empty());
  CHECK(fault("rf_exp", "\"x\"").empty());
}

TEST_CASE("clocks may differ by the leeway, and by no more", "[api][auth][verifier]") {
  auto rules = audience_rules();
  rules.leeway = 30s;
  const auto tokens = verifier(rules);
  const auto fault = [&](std::string_view claim, std::int64_t when) {
    return fault_of(tokens, with_audience(fmt::format(R"("{}":{})", claim, when)));
  };
  CHECK(fault("exp", kNow - 30).empty());
  CHECK(fault("exp", kNow - 31) == "expired");
  CHECK(fault("nbf", kNow + 30).empty());
  CHECK(fault("nbf", kNow + 31) == "bad nbf");
}

TEST_CASE("required claims have their type and size, and are looked at in order",
          "[api][auth][verifier]") {
  using Type = TokenRules::Claim::Type;
  const auto tokens = verifier({.claims = {{.name = "name", .type = Type::Text, .most = 3},
                                           {.name = "level", .least = 1, .most = 9},
                                           {.name = "exp"}},
                                .secret_bytes_min = 1});
  CHECK(fault_of(tokens, R"({"name":"abc","level":9,"exp":1800000000})").empty());
  CHECK(fault_of(tokens, "{}") == "missing name");
  CHECK(fault_of(tokens, R"({"name":"abcd"})") == "bad name");
  CHECK(fault_of(tokens, R"({"name":3})") == "bad name");
  CHECK(fault_of(tokens, R"({"name":"a"})") == "missing level");
  CHECK(fault_of(tokens, R"({"name":"a","level":0})") == "bad level");
  CHECK(fault_of(tokens, R"({"name":"a","level":10})") == "bad level");
  CHECK(fault_of(tokens, R"({"name":"a","level":1})") == "missing exp");
}

TEST_CASE("no algorithm but HS256 is taken, whatever the rules", "[api][auth][verifier]") {
  const auto tokens = verifier();
  const std::string claims = R"({"aud":"www.inanalysis.com"})";
  for (const char* header : {R"({"alg":"none"})", R"({"alg":"HS512"})", R"({"alg":"hs256"})", "{}",
                             R"({"alg":"HS256","crit":["exp"]})"}) {
    INFO(header);
    const auto read = tokens.verify(signed_token(header, claims, kShortSecret), forgery_time());
    REQUIRE_FALSE(read.ok());
    CHECK(read.error().kind == TokenFault::Kind::BadHeader);
  }
  CHECK(
      tokens.verify(signed_token(R"({"alg":"HS256"})", claims, kShortSecret), forgery_time()).ok());
  CHECK_FALSE(
      tokens.verify(unsigned_token(R"({"alg":"none"})", claims) + '.', forgery_time()).ok());
  CHECK_FALSE(tokens.verify("", forgery_time()).ok());
}

TEST_CASE("a secret has as many bytes as the rules want, and one at least",
          "[api][auth][verifier]") {
  const auto is_taken = [](std::size_t bytes, std::size_t least) {
    return TokenVerifier::make(std::string(bytes, 's'), {.claims = {}, .secret_bytes_min = least})
        .ok();
  };
  CHECK(is_taken(1, 1));
  CHECK_FALSE(is_taken(0, 1));
  CHECK_FALSE(is_taken(0, 0));
  CHECK(is_taken(32, 32));
  CHECK_FALSE(is_taken(31, 32));
}
