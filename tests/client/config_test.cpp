#include <catch2/catch.hpp>

#include <millrace/client.hpp>

#include "tests/client/registry.hpp"

using namespace millrace;
using namespace millrace::client;
using namespace millrace::test;

using Lines = std::vector<std::string>;

TEST_CASE("building a Config signs in at once", "[client][config]") {
  const Surroundings here;
  Registry registry;
  const auto config = registry.config();
  CHECK(registry.lines() == Lines{"POST /api/v1/auth/login/"});
  const auto headers = config->headers();
  CHECK(headers.size() == 1);
  CHECK(headers.at("Authorization") == "Bearer " + *config->auth().token());
  CHECK(&config->auth() == &config->auth());
  CHECK(registry.lines().size() == 1);
}

TEST_CASE("a refused sign-in leaves a Config whose calls give empty lists", "[client][config]") {
  const Surroundings here;
  Registry registry;
  registry.on("GET /api/v1/projects/", 401,
              R"({"error": "InvalidTokenHeader", "message": "not a token", "status_code": 401})");
  const auto config = registry.config({{"auth_user_password", "wrong"}});
  CHECK(config->headers().at("Authorization") == "Bearer None");
  Projects projects{config};
  CHECK(projects.get_all() == Json::array());
  CHECK(registry.last().authorization == "Bearer None");
  CHECK(registry.log() ==
        Lines{"ERROR POST auth/login/: AuthenticationError: The password is incorrect",
              "ERROR Could not authenticate. Is the login and password correct?",
              "ERROR GET projects/: InvalidTokenHeader: not a token"});
}

TEST_CASE("a Config that cannot be used is logged and thrown", "[client][config]") {
  const Surroundings here;
  Registry registry;
  const auto why = [&](const Json& more) -> std::string {
    try {
      (void)registry.config(more);
      return "built";
    } catch (const ConfigInitializationError& error) {
      return error.what();
    }
  };
  CHECK(why({{"auth_user_password", nullptr}}) ==
        "neither a password nor an app token nor an SSH key is set");
  CHECK(why({{"api_url", nullptr}}) == "api_url is not set");
  CHECK(why({{"api_url", "http://u:secret@h/"}}) == "api_url must not hold a user or a password");
  CHECK(registry.log() == Lines(3, "ERROR Configuration could not be initalized"));
  CHECK(registry.lines().empty());
}

TEST_CASE("a resource takes a file, a dictionary, a Config, or what the folder has",
          "[client][config]") {
  Surroundings here;
  Registry registry;
  const auto text =
      "[api]\nurl = " + registry.api_url() +
      "/\n[auth]\nuser_login = admin\nuser_password = secret\n[selected]\nproject = 7\n";
  here.write("named.ini", text);
  CHECK(Projects{"named.ini"}.selected() == "7");
  CHECK(Projects{here.path("named.ini")}.selected() == "7");
  CHECK(Projects{registry.settings({{"selected_project", 8}})}.selected() == 8);
  const auto shared = registry.config({{"selected_project", 9}});
  CHECK(Projects{shared}.selected() == 9);
  CHECK(Workspaces{shared}.config() == Models{shared}.config());
  CHECK_THROWS_AS(Projects{}, ConfigInitializationError);
  here.write("deep/.maisie", text);
  CHECK(Projects{}.selected() == "7");
  CHECK(Workspaces{shared}.selected().is_null());
}

TEST_CASE("a fetch that changes who signs in, or where, signs in anew", "[client][config]") {
  const Surroundings here;
  Registry registry, other;
  other.on("GET /api/v1/users/", 200, R"({"data": []})");
  const auto config = registry.config();
  config->fetch({.dictionary = Json{{"api_page", 3}}});
  (void)config->headers();
  CHECK(registry.lines().size() == 1);
  config->fetch({.dictionary = Json{{"api_url", other.api_url()}}});
  Users{config}.get_all();
  CHECK(registry.lines().size() == 1);
  CHECK(other.lines() ==
        Lines{"POST /api/v1/auth/login/", "GET /api/v1/users/?page=3&per_page=10"});
}

TEST_CASE("no password reaches the log, whatever the level", "[client][config]") {
  const Surroundings here;
  Registry registry;
  const auto config = registry.config({{"logging_level", "DEBUG"},
                                       {"auth_user_password", "hush-hush"},
                                       {"auth_app_token", "app-t"}});
  CHECK_THROWS_AS(registry.config({{"api_url", "http://u:hush-hush@h/"}}),
                  ConfigInitializationError);
  Users{config}.create("a", std::nullopt, std::nullopt, "hush-hush");
  REQUIRE(registry.log().size() > 3);
  for (const auto& line : registry.log()) {
    INFO(line);
    CHECK(line.find("hush-hush") == std::string::npos);
    CHECK(line.find("app-t") == std::string::npos);
  }
}
