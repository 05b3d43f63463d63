// What the token of a user is worth once the user was deleted: nothing, at every route that there
// is, and each refusal is first seen to be an answer while the user is there.
#include <regex>

#include <catch2/catch.hpp>

#include "api/maisie/dialect.hpp"
#include "api/maisie/known_users.hpp"
#include "engine/store/blobs.hpp"
#include "tests/api_maisie/registry_server.hpp"

#include <fmt/format.h>

using namespace millrace;
using test::must;
using test::RegistryServer;

namespace {

// The routes of the dialect that look at a token.
std::vector<api::Route> routes_with_token(RegistryServer& server,
                                          const maisie::Settings& settings) {
  auto tokens = must(auth::TokenIssuer::make(std::string(32, 's'), settings.token_lifetime));
  const auto dialect = maisie::make_dialect(
      std::make_shared<maisie::Registry>(settings, std::move(tokens), system_clock(),
                                         *server.engine().store().blobs(), server.catalog()));
  auto routes = dialect.routes;
  std::erase_if(routes, [](const api::Route& route) { return route.auth == api::Auth::Open; });
  return routes;
}

// Of things that are not there, so that asking changes nothing.
std::string target_of(const api::Route& route) {
  static const std::regex name{R"(\{[^}]*\})"};
  return std::regex_replace(std::string{route.path}, name, "999");
}

RegistryServer::Answer ask(RegistryServer& server, const api::Route& route, bool with_token) {
  RegistryServer::Headers headers{"Content-Type: application/x-www-form-urlencoded"};
  if (with_token) headers.push_back(server.bearer());
  return server.send(http::to_string(route.method), target_of(route), headers);
}

void add_zofia(RegistryServer& server) {
  server.sign_in();
  REQUIRE(server
              .json("POST", "/api/v1/users/", {{"login", "zofia"}, {"password", "pw"}},
                    {server.bearer()})
              .data()["id"] == 2);
}

// Through the server, by admin; the token of zofia stays the one of as_user().
void delete_zofia(RegistryServer& server, const std::string& admin) {
  REQUIRE(server.send("DELETE", "/api/v1/users/2/", {"Authorization: Bearer " + admin}).status ==
          200);
}

Json change_of_zofia(std::string_view action) {
  return {{"entity", "users"}, {"action", action}, {"id", 2}};
}

}  // namespace

TEST_CASE("the token of a deleted user opens nothing, at once", "[maisie][sign_in]") {
  const auto kind = GENERATE(SqlDialect::Sqlite, SqlDialect::MySql);
  const bool is_closed = GENERATE(false, true);
  const maisie::Settings settings{.require_auth = is_closed};
  RegistryServer server{kind, settings};
  add_zofia(server);
  const auto admin = server.sign_in();
  server.sign_in("zofia", "pw");
  const auto routes = routes_with_token(server, settings);
  REQUIRE(routes.size() >= 29);
  for (const auto& route : routes) {
    INFO(route.name);
    const auto answer = ask(server, route, true);
    CHECK(answer.status != 401);
    CHECK(answer.status < 500);
  }
  delete_zofia(server, admin);
  for (const auto& route : routes) {
    INFO(route.name);
    const auto answer = ask(server, route, true);
    if (route.auth == api::Auth::Required) {
      CHECK(answer.status == 401);
      if (route.method == http::Method::Head) continue;  // its answer has no body
      CHECK(
          answer.text ==
          R"({"error":"PraetorianError","message":"Could not identify the current user from the current id","status_code":401})"
          "\n");
    } else {  // as with any bad token: who need not sign in is not turned away for trying
      CHECK(answer.status == ask(server, route, false).status);
      CHECK(answer.status != 401);
    }
  }
  CHECK(server.send("GET", "/api/v1/users/", {"Authorization: Bearer " + admin}).status == 200);
}

TEST_CASE("a deleted user leaves no name in the audit trail and no file in the store",
          "[maisie][sign_in]") {
  RegistryServer server{SqlDialect::Sqlite};
  add_zofia(server);
  const auto admin = server.sign_in();
  server.sign_in("zofia", "pw");
  const auto who_made = [&](std::string_view name) {
    const auto made =
        server.form("POST", "/api/v1/workspaces/", fmt::format("name={}", name), {server.bearer()});
    const auto rows = must(server.catalog().query(
        {{"entity", "audit"},
         {"where",
          Json::array({{{"column", "entity"}, {"op", "="}, {"value", "workspaces"}},
                       {{"column", "row"}, {"op", "="}, {"value", made.data()["id"]}}})}}));
    REQUIRE(rows.rows() == 1);
    return std::string{rows.column<std::string_view>("actor").value(0)};
  };
  CHECK(who_made("w") == "user 2");
  REQUIRE(server.form("POST", "/api/v1/projects/", "name=p&workspace_id=1").status == 200);
  REQUIRE(server.upload({{"project_id", "1"}}).data()["user"]["login"] == "zofia");
  REQUIRE(server.contents() == 1);
  REQUIRE(server.as_user("DELETE", "/api/v1/models/1/").status == 200);
  REQUIRE(server.contents() == 0);
  delete_zofia(server, admin);
  CHECK(who_made("w2") == "anonymous");
  CHECK(server.upload({{"project_id", "1"}}).status == 401);
  CHECK(test::eventually([&] { return server.contents() == 0; }));
}

TEST_CASE("the ticket of a deleted user opens no file", "[maisie][sign_in]") {
  RegistryServer server{SqlDialect::Sqlite, {.enforce_private = true}};
  add_zofia(server);
  const auto admin = server.sign_in();
  server.form("POST", "/api/v1/workspaces/", "name=w");
  server.form("POST", "/api/v1/projects/", "name=p&workspace_id=1");
  REQUIRE(server.upload({{"project_id", "1"}}).status == 200);
  server.sign_in("zofia", "pw");
  const auto link =
      server.as_user("GET", "/api/v1/models/1/").data()["_links"]["download"].get<std::string>();
  const auto target = link.substr(server.base().size());
  CHECK(server.send("GET", target).text == "WEIGHTS");
  delete_zofia(server, admin);
  const auto refused = server.send("GET", target);
  CHECK(refused.status == 401);
  CHECK(refused.body["error"] == "PraetorianError");
}

TEST_CASE("a deletion by another engine is known within a second", "[maisie][sign_in]") {
  const auto kind = GENERATE(SqlDialect::Sqlite, SqlDialect::MySql);
  const test::CatalogPlace place{kind};
  const auto catalog = place.open();
  const auto other = place.open();
  for (const char* login : {"admin", "zofia"})
    must(other->change({{"entity", "users"},
                        {"action", "insert"},
                        {"set", {{"login", login}, {"password", "pw"}}}},
                       {.owner = {}, .name = "test"}));
  ManualClock clock;
  maisie::KnownUsers users{*catalog, clock};
  CHECK(must(users.find(1)).has_value());
  CHECK(must(users.find(2)).has_value());
  CHECK_FALSE(must(users.find(3)).has_value());
  must(other->change(change_of_zofia("delete"), {.owner = {}, .name = "test"}));
  clock.advance(maisie::KnownUsers::kTrust - std::chrono::milliseconds{1});
  CHECK(must(users.find(2)).has_value());  // without a query
  clock.advance(std::chrono::milliseconds{1});
  CHECK_FALSE(must(users.find(2)).has_value());
  CHECK(must(users.find(1)).has_value());
}

TEST_CASE("with more users than are kept all are looked up again", "[maisie][sign_in]") {
  const test::CatalogPlace place{SqlDialect::Sqlite};
  const auto catalog = place.open();
  for (const char* login : {"a", "b", "c"})
    must(catalog->change({{"entity", "users"},
                          {"action", "insert"},
                          {"set", {{"login", login}, {"password", "pw"}}}},
                         {.owner = {}, .name = "test"}));
  ManualClock clock;
  maisie::KnownUsers users{*catalog, clock, 2};
  for (const int id : {1, 2}) CHECK(must(users.find(id)).has_value());
  must(catalog->change({{"entity", "users"}, {"action", "delete"}, {"id", 1}},
                       {.owner = {}, .name = "test"}));
  CHECK(must(users.find(1)).has_value());
  CHECK(must(users.find(3)).has_value());
  CHECK_FALSE(must(users.find(1)).has_value());
}

TEST_CASE("a deletion that is told of counts at once", "[maisie][sign_in]") {
  const test::CatalogPlace place{SqlDialect::Sqlite};
  const auto catalog = place.open();
  must(catalog->change(
      {{"entity", "users"}, {"action", "insert"}, {"set", {{"login", "a"}, {"password", "pw"}}}},
      {.owner = {}, .name = "test"}));
  ManualClock clock;
  maisie::KnownUsers users{*catalog, clock};
  CHECK(must(users.find(1)).has_value());
  must(catalog->change({{"entity", "users"}, {"action", "delete"}, {"id", 1}},
                       {.owner = {}, .name = "test"}));
  CHECK(must(users.find(1)).has_value());
  users.forget(1);
  CHECK_FALSE(must(users.find(1)).has_value());
}
