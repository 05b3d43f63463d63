#include <catch2/catch.hpp>

#include <millrace/client/auth_manager.hpp>
#include <millrace/client/error.hpp>

#include "client/src/token_claims.hpp"
#include "tests/client/registry.hpp"

using namespace millrace;
using namespace millrace::client;
using namespace millrace::test;

namespace {

AuthOptions options_for(const Registry& registry) {
  return {.api_url = registry.api_url(), .login = "admin", .password = "secret"};
}

std::string sign_in_with(const std::string& token) {
  return R"({"data": {"access_token": ")" + token + R"(", "valid_for": 900.0}})";
}

// A token with so many seconds to live; `id` tells tokens apart.
std::string living(std::int64_t seconds, const std::string& id = "1") {
  return make_token(1'700'000'000, 1'700'000'000 + seconds, id);
}

constexpr auto kLogin = "POST /api/v1/auth/login/";
constexpr auto kRefresh = "GET /api/v1/auth/token/";
using Lines = std::vector<std::string>;

}  // namespace

TEST_CASE("signing in posts a form, once, and the token tells who and how long", "[client][auth]") {
  const Surroundings here;
  Registry registry;
  AuthManager auth{options_for(registry)};
  CHECK(registry.lines().empty());
  CHECK_FALSE(auth.logged_in());
  CHECK_FALSE(auth.user_id());
  const auto token = auth.token();
  REQUIRE(token);
  CHECK(auth.token() == token);
  CHECK(registry.lines() == Lines{kLogin});
  const auto form = registry.last();
  CHECK(form.content_type == "application/x-www-form-urlencoded");
  CHECK(form.fields ==
        std::map<std::string, std::string>{{"login", "admin"}, {"password", "secret"}});
  CHECK(form.authorization.empty());
  CHECK(auth.user_id() == 1);
  CHECK(auth.expires_at() ==
        std::chrono::system_clock::time_point{std::chrono::seconds{1'700'000'900}});
  CHECK(auth.logged_in());
  CHECK(auth.token_active());
}

TEST_CASE("signing in needs something to sign in with, and an http address", "[client][auth]") {
  const Surroundings here;
  CHECK_THROWS_AS(AuthManager({.api_url = "http://h/api/v1", .login = "a"}),
                  AuthInitializationError);
  for (const auto* url : {"", "ftp://h/api", "file:///etc/passwd", "h/api/v1", "http://",
                          "http://u:p@h/api/v1", "http://h/api/v1?x=y", "http://h/a b"}) {
    INFO(url);
    CHECK_THROWS_AS(AuthManager({.api_url = url, .login = "a", .password = "b"}),
                    ConfigInitializationError);
  }
}

TEST_CASE("refused credentials give no token and are not sent again by themselves",
          "[client][auth]") {
  Surroundings here;
  Registry registry;
  auto options = options_for(registry);
  options.password = "wrong";
  here.set("MAISIE_LOGGING_LEVEL", "CRITICAL");
  AuthManager auth{options};
  CHECK_FALSE(auth.token());
  CHECK_FALSE(auth.token());
  CHECK_FALSE(auth.token_active());
  CHECK(registry.lines().size() == 1);
  CHECK_FALSE(auth.retrieve_token());
  CHECK(registry.lines().size() == 2);
  // A server that is away is asked again.
  registry.on(kLogin, 503, "{}");
  CHECK_FALSE(auth.retrieve_token());
  registry.on(kLogin, 200, sign_in_with(living(900)));
  CHECK(auth.token());
}

TEST_CASE("channels are tried in their order, of which only the password does anything",
          "[client][auth]") {
  Surroundings here;
  here.set("MAISIE_LOGGING_LEVEL", "CRITICAL");
  Registry registry;
  CHECK(AuthManager::kChannels == Lines{"ssh_key", "app_token", "password"});
  auto options = options_for(registry);
  options.app_token = "app";
  options.ssh_key = "/key";
  AuthManager auth{options};
  auth.perform_auth({"ssh_key", "app_token"});
  CHECK(registry.lines().empty());
  auth.perform_auth();
  CHECK(auth.token_active());
  CHECK(registry.lines() == Lines{kLogin});
  CHECK_THROWS_AS(auth.perform_auth({"password", "magic"}), AuthenticationError);
  CHECK_THROWS_AS(auth.auth_via_app_token(), AuthenticationError);
  CHECK_THROWS_AS(auth.auth_via_ssh_key(), AuthenticationError);
  CHECK(registry.lines().size() == 1);

  options.password.reset();
  AuthManager app_only{options};
  CHECK_FALSE(app_only.token());
  options.password = "secret";
  options.enforce_ssh = true;
  AuthManager ssh_only{options};
  CHECK_FALSE(ssh_only.token());
  CHECK(registry.lines().size() == 1);
}

TEST_CASE("a token of which less than a minute is left is refreshed with itself",
          "[client][auth]") {
  const Surroundings here;
  Registry registry;
  registry.on(kLogin, 200, sign_in_with(living(45)));
  registry.on(kRefresh, 200, sign_in_with(living(900, "7")));
  AuthManager auth{options_for(registry)};
  const auto first = auth.token();
  CHECK(first == living(45));
  CHECK(auth.token() == living(900, "7"));
  CHECK(registry.last().authorization == "Bearer " + *first);
  CHECK(auth.user_id() == 7);
  CHECK(auth.token() == living(900, "7"));
  CHECK(registry.lines() == Lines{kLogin, kRefresh});
}

TEST_CASE("an expired token is not refreshed: the password is sent again", "[client][auth]") {
  const Surroundings here;
  Registry registry;
  registry.on(kLogin, 200, sign_in_with(living(0)));
  AuthManager auth{options_for(registry)};
  CHECK(auth.token());
  CHECK_FALSE(auth.token_active());
  registry.on(kLogin, 200, sign_in_with(living(900)));
  CHECK(auth.token() == living(900));
  CHECK(registry.lines() == Lines{kLogin, kLogin});
}

TEST_CASE("when neither refresh nor sign-in succeeds, a token is used while it lasts",
          "[client][auth]") {
  Surroundings here;
  here.set("MAISIE_LOGGING_LEVEL", "CRITICAL");
  Registry registry;
  registry.on(kLogin, 200, sign_in_with(living(50)));
  registry.on(kRefresh, 401, "{}");
  AuthManager auth{options_for(registry)};
  CHECK(auth.token());
  registry.on(kLogin, 401, "{}");
  CHECK(auth.token() == living(50));
  CHECK(registry.lines() == Lines{kLogin, kRefresh, kLogin});
}

TEST_CASE("the life of a token does not depend on the local clock", "[client][auth]") {
  const Surroundings here;
  Registry registry;
  const bool is_past = GENERATE(true, false);
  const std::int64_t issued = is_past ? 1'000'000'000 : 4'000'000'000;
  registry.on(kLogin, 200, sign_in_with(make_token(issued, issued + 900)));
  AuthManager auth{options_for(registry)};
  CHECK(auth.token());
  CHECK(auth.token_active());
  CHECK(auth.token());
  CHECK(registry.lines().size() == 1);
}

TEST_CASE("a token that could not stand in a header is none", "[client][auth]") {
  Surroundings here;
  here.set("MAISIE_LOGGING_LEVEL", "CRITICAL");
  Registry registry;
  AuthManager auth{options_for(registry)};
  for (const auto* token : {R"(a.b.c\r\nX-Injected: 1)", "", "a b", R"(a\u0000b)"}) {
    INFO(token);
    registry.on(kLogin, 200, sign_in_with(token));
    CHECK_FALSE(auth.retrieve_token());
  }
  registry.on(kLogin, 200, R"({"data": []})");
  CHECK_FALSE(auth.retrieve_token());
  CHECK_FALSE(auth.refresh_token("x\r\ny: z"));
}

TEST_CASE("claims are read from tokens, and nothing from what is none", "[client][auth][claims]") {
  using client::detail::read_claims;
  const auto claims = read_claims(make_token(10, 20, "30"));
  CHECK(claims.issued == 10);
  CHECK(claims.expires == 20);
  CHECK(claims.user_id == 30);
  CHECK_FALSE(read_claims(make_token(10, 20, "\"30\"")).user_id);
  for (const auto* token : {"", "a", "a.b", "a.!.c", "a.e30.c", "..", "a.W10.c"}) {
    INFO(token);
    CHECK_FALSE(read_claims(token).expires);
  }
  // Numbers at the ends of their range do no harm.
  const Surroundings here;
  Registry registry;
  registry.on(kLogin, 200, sign_in_with(make_token(INT64_MIN + 2'592'000, INT64_MAX)));
  AuthManager auth{options_for(registry)};
  CHECK(auth.token());
}
