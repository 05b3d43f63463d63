// When tokens end before they expire: with a changed password, "end sessions", a user who is
// disabled, and at the latest with the month in which a token can be refreshed.
#include <future>

#include <catch2/catch.hpp>

#include "api/auth/secret_file.hpp"
#include "engine/base/base64.hpp"
#include "engine/base/password.hpp"
#include "engine/catalog/revision.hpp"
#include "tests/api_auth/forgery.hpp"
#include "tests/api_maisie/registry_server.hpp"
#include "tests/engine_catalog/writes.hpp"

#include <fmt/format.h>

using namespace millrace;
using test::must;
using test::RegistryServer;

namespace {

std::string bearer(const std::string& token) { return "Authorization: Bearer " + token; }

Json claims_of(const std::string& token) {
  const auto first = token.find('.');
  return Json::parse(from_base64url(token.substr(first + 1, token.rfind('.') - first - 1)).value());
}

// A registry with the administrator 1 and zofia, who is 2 and signed in last.
struct Sessions {
  explicit Sessions(SqlDialect kind, maisie::Settings settings = {}) : server{kind, settings} {
    admin = server.sign_in();
    REQUIRE(server
                .json("POST", "/api/v1/users/", {{"login", "zofia"}, {"password", "pw"}},
                      {server.bearer()})
                .data()["id"] == 2);
    zofia = server.sign_in("zofia", "pw");
  }

  // A route that needs a token.
  RegistryServer::Answer ask(const std::string& token) {
    return server.send("GET", "/api/v1/models/", {bearer(token)});
  }
  RegistryServer::Answer refresh(const std::string& token) {
    return server.send("GET", "/api/v1/auth/token/", {bearer(token)});
  }
  RegistryServer::Answer change_zofia(const Json& fields, const std::string& by) {
    return server.json("PUT", "/api/v1/users/2/", fields, {bearer(by)});
  }
  void check_ended(const std::string& token) {
    for (const auto& answer : {ask(token), refresh(token)}) {
      CHECK(answer.status == 401);
      CHECK(
          answer.text ==
          R"({"error":"ExpiredAccessError","message":"access permission has expired","status_code":401})"
          "\n");
    }
    // Where nobody needs a token, it counts as none.
    CHECK(server.send("GET", "/api/v1/workspaces/", {bearer(token)}).status == 200);
  }
  // A token of zofia with these claims, as this server signs it.
  std::string signed_token(std::int64_t issued_at, std::int64_t expires_at,
                           std::int64_t refresh_until) {
    const auto secret = must(auth::open_secret_file(server.data() / "secret"));
    return test::signed_token(
        test::kHeader,
        fmt::format(R"({{"iat":{},"exp":{},"rf_exp":{},"jti":"j","id":2,"rls":"admin,test"}})",
                    issued_at, expires_at, refresh_until),
        secret);
  }

  RegistryServer server;
  std::string admin, zofia;
};

std::int64_t now_s() { return to_micros(system_clock().now()) / 1'000'000; }

}  // namespace

TEST_CASE("a changed password ends every token of the user, and a new sign-in is good at once",
          "[maisie][sessions]") {
  Sessions sessions{GENERATE(SqlDialect::Sqlite, SqlDialect::MySql)};
  auto& server = sessions.server;
  const auto refreshed = sessions.refresh(sessions.zofia).data()["access_token"].get<std::string>();
  const auto by = GENERATE(true, false) ? sessions.admin : sessions.zofia;
  REQUIRE(sessions.ask(sessions.zofia).status == 200);
  const auto before = now_s();
  REQUIRE(sessions.change_zofia({{"password", "other"}}, by).status == 200);
  sessions.check_ended(sessions.zofia);
  sessions.check_ended(refreshed);
  CHECK(server.form("POST", "/api/v1/auth/login/", "login=zofia&password=pw").status == 401);
  const auto again = server.sign_in("zofia", "other");
  CHECK(claims_of(again)["iat"].get<std::int64_t>() > before);
  CHECK(sessions.ask(again).status == 200);
  CHECK(sessions.refresh(again).status == 200);
  CHECK(sessions.ask(sessions.admin).status == 200);
}

TEST_CASE("two changes within a second end the tokens between them", "[maisie][sessions]") {
  Sessions sessions{GENERATE(SqlDialect::Sqlite, SqlDialect::MySql)};
  // Her last change lies ahead of the clock, as it does behind many of them, whatever a hash takes.
  const auto ahead = now_s() + 1'000;
  must(sessions.server.catalog().write_and_wait([ahead](Connection& connection) -> Result<void> {
    MR_CHECK(next_revision(connection, "registry"));
    MR_CHECK(connection.execute("UPDATE users SET tokens_since_s = ? WHERE id = 2", {ahead}));
    return {};
  }));
  std::string last = sessions.zofia;
  for (const char* password : {"one", "two", "three"}) {
    REQUIRE(sessions.change_zofia({{"password", password}}, sessions.admin).status == 200);
    sessions.check_ended(last);
    const auto next = sessions.server.sign_in("zofia", password);
    CHECK(claims_of(next)["iat"] > claims_of(last)["iat"]);
    CHECK(sessions.ask(next).status == 200);
    last = next;
  }
}

TEST_CASE("no token that is asked for while a password changes is good behind that",
          "[maisie][sessions]") {
  Sessions sessions{GENERATE(SqlDialect::Sqlite, SqlDialect::MySql)};
  auto& server = sessions.server;
  auto& catalog = server.catalog();
  const auto now = now_s();
  const auto old = sessions.signed_token(now - 60, now + 300, now + 1'000'000);
  const auto hash = must(hash_password("other"));
  // As a change that was begun a second ago, and is not committed yet.
  test::Gate gate;
  test::Results results;
  catalog.write(
      [&](Connection& connection) -> Result<void> {
        MR_CHECK(next_revision(connection, "registry"));
        MR_CHECK(connection.execute(
            "UPDATE users SET password = ?, tokens_since_s = ? WHERE id = 2", {hash, now}));
        return gate.write()(connection);
      },
      results.keep(0));
  REQUIRE(gate.wait_until_entered());
  auto login = std::async(std::launch::async, [&server] {
    return server.form("POST", "/api/v1/auth/login/", "login=zofia&password=pw").status;
  });
  auto refresh = std::async(std::launch::async, [&] { return sessions.refresh(old).status; });
  CHECK(test::eventually([&] { return catalog.counters().queued == 2; }));
  gate.open();
  REQUIRE(results.wait_for(1));
  CHECK(login.get() == 401);
  CHECK(refresh.get() == 401);
  CHECK(sessions.ask(server.sign_in("zofia", "other")).status == 200);
}

TEST_CASE("sessions end on request, and other changes leave them alone", "[maisie][sessions]") {
  Sessions sessions{GENERATE(SqlDialect::Sqlite, SqlDialect::MySql)};
  REQUIRE(sessions.change_zofia({{"full_name", "Zofia K"}, {"end_sessions", false}}, sessions.admin)
              .status == 200);
  CHECK(sessions.ask(sessions.zofia).status == 200);
  const auto by = GENERATE(true, false) ? sessions.admin : sessions.zofia;
  const auto ended = sessions.change_zofia({{"end_sessions", true}}, by);
  REQUIRE(ended.status == 200);
  CHECK(test::keys(ended.data()) == "id,login,full_name,email,updated,created");
  sessions.check_ended(sessions.zofia);
  CHECK(sessions.ask(sessions.server.sign_in("zofia", "pw")).status == 200);
}

TEST_CASE("a disabled user cannot sign in, and nothing that it holds is good",
          "[maisie][sessions]") {
  Sessions sessions{GENERATE(SqlDialect::Sqlite, SqlDialect::MySql)};
  auto& server = sessions.server;
  CHECK(sessions.change_zofia({{"disabled", true}}, sessions.zofia).status == 403);
  REQUIRE(sessions.change_zofia({{"disabled", true}}, sessions.admin).status == 200);
  const std::string refusal =
      R"({"error":"InvalidUserError","message":"Not a valid user or access has been revoked","status_code":401})"
      "\n";
  CHECK(sessions.ask(sessions.zofia).text == refusal);
  CHECK(sessions.refresh(sessions.zofia).text == refusal);
  CHECK(server.form("POST", "/api/v1/auth/login/", "login=zofia&password=pw").text == refusal);
  // Only who knows the password is told.
  CHECK(server.form("POST", "/api/v1/auth/login/", "login=zofia&password=no").body["error"] ==
        "AuthenticationError");
  REQUIRE(sessions.change_zofia({{"disabled", false}}, sessions.admin).status == 200);
  sessions.check_ended(sessions.zofia);
  CHECK(sessions.ask(server.sign_in("zofia", "pw")).status == 200);
}

TEST_CASE("what ends sessions ends tickets", "[maisie][sessions]") {
  Sessions sessions{SqlDialect::Sqlite, {.enforce_private = true}};
  auto& server = sessions.server;
  server.form("POST", "/api/v1/workspaces/", "name=w");
  server.form("POST", "/api/v1/projects/", "name=p&workspace_id=1");
  REQUIRE(server.upload({{"project_id", "1"}, {"private", "true"}}).status == 200);
  const auto ticket_target = [&] {
    const auto link = server.as_user("GET", "/api/v1/models/1/").data()["_links"]["download"];
    return link.get<std::string>().substr(server.base().size());
  };
  const auto before = ticket_target();
  REQUIRE(server.send("GET", before).text == "WEIGHTS");
  REQUIRE(sessions.change_zofia({{"password", "other"}}, sessions.admin).status == 200);
  CHECK(server.send("GET", before).status == 401);
  server.sign_in("zofia", "other");  // its tickets are good at once
  CHECK(server.send("GET", ticket_target()).text == "WEIGHTS");
}

TEST_CASE("links for nobody carry no ticket", "[maisie][sessions]") {
  Sessions sessions{SqlDialect::Sqlite, {.enforce_private = true}};
  auto& server = sessions.server;
  server.form("POST", "/api/v1/workspaces/", "name=w");
  server.form("POST", "/api/v1/projects/", "name=p&workspace_id=1");
  REQUIRE(server.upload({{"project_id", "1"}, {"tags", "t"}}).status == 200);
  const auto download = [](const RegistryServer::Answer& answer) {
    return answer.data()["_links"]["download"].get<std::string>();
  };
  CHECK(download(server.as_user("POST", "/api/v1/models/1/tags/1/")).find("?ticket=") !=
        std::string::npos);
  CHECK(download(server.send("POST", "/api/v1/models/1/tags/1/")).ends_with("/download/1/"));
}

TEST_CASE("a refresh carries rf_exp over, and none goes beyond it", "[maisie][sessions]") {
  Sessions sessions{GENERATE(SqlDialect::Sqlite, SqlDialect::MySql)};
  const auto now = now_s();
  const auto old = sessions.signed_token(now - 600, now + 300, now + 1'000'000);
  const auto answer = sessions.refresh(old);
  CHECK(answer.data()["valid_for"] == 900.0);
  const auto claims = claims_of(answer.data()["access_token"].get<std::string>());
  CHECK(test::keys(claims) == "iat,exp,rf_exp,jti,id,rls");
  CHECK(claims["rf_exp"] == now + 1'000'000);
  CHECK(claims["iat"].get<std::int64_t>() >= now);
  CHECK(claims["exp"] == claims["iat"].get<std::int64_t>() + 900);
  CHECK(claims["jti"] != "j");

  const auto at_the_end = sessions.refresh(sessions.signed_token(now - 600, now + 300, now + 120));
  CHECK(at_the_end.data()["valid_for"].get<double>() <= 120.0);
  const auto last = at_the_end.data()["access_token"].get<std::string>();
  CHECK(claims_of(last)["exp"] == now + 120);

  const auto late = sessions.signed_token(now - 600, now + 300, now - 1);
  CHECK(sessions.ask(late).status == 200);
  CHECK(
      sessions.refresh(late).text ==
      R"({"error":"ExpiredRefreshError","message":"refresh permission for token has expired","status_code":401})"
      "\n");
}

TEST_CASE("a change by another engine ends tokens within a second", "[maisie][sessions]") {
  Sessions sessions{SqlDialect::Sqlite};
  REQUIRE(sessions.ask(sessions.zofia).status == 200);
  must(sessions.server.catalog().change(
      {{"entity", "users"}, {"action", "update"}, {"id", 2}, {"set", {{"tokens_since", "now"}}}},
      {.owner = {}, .name = "test"}));
  CHECK(test::eventually([&] { return sessions.ask(sessions.zofia).status == 401; }));
}

TEST_CASE("a user goes with all models where that is asked for, and else not at all",
          "[maisie][sessions]") {
  const bool is_private = GENERATE(false, true);
  Sessions sessions{GENERATE(SqlDialect::Sqlite, SqlDialect::MySql),
                    {.enforce_private = is_private}};
  auto& server = sessions.server;
  server.form("POST", "/api/v1/workspaces/", "name=w");
  server.form("POST", "/api/v1/projects/", "name=p&workspace_id=1");
  const auto upload = [&](std::string_view bytes) {
    REQUIRE(server.upload({{"project_id", "1"}, {"private", "true"}}, "net.bin", bytes).status ==
            200);
  };
  upload("ONE");
  upload("TWO");
  server.sign_in();
  upload("TWO");  // the same content for a model of admin
  const auto remove = [&](std::string_view query, const std::string& by) {
    return server.send("DELETE", fmt::format("/api/v1/users/2/{}", query), {bearer(by)}).status;
  };
  CHECK(remove("", sessions.admin) == 409);
  CHECK(remove("?with_models=false", sessions.admin) == 409);
  CHECK(remove("?with_models=yes", sessions.admin) == 400);  // a word that is not understood
  CHECK(server.contents() == 2);
  CHECK(
      server.send("DELETE", "/api/v1/users/1/?with_models=true", {bearer(sessions.zofia)}).status ==
      403);
  CHECK(server.contents() == 2);
  const bool by_itself = GENERATE(false, true);
  CHECK(remove("?with_models=true", by_itself ? sessions.zofia : sessions.admin) == 200);
  CHECK(server.contents() == 1);
  CHECK(server.as_user("GET", "/api/v1/models/").body["pagination"]["total_items"] == 1);
  CHECK(server.as_user("GET", "/api/v1/users/2/").status == 404);
  CHECK(sessions.ask(sessions.zofia).body["error"] == "PraetorianError");
}

TEST_CASE("a user goes with very many models, and with none while one of them is in force",
          "[maisie][sessions]") {
  Sessions sessions{GENERATE(SqlDialect::Sqlite, SqlDialect::MySql)};
  auto& server = sessions.server;
  server.form("POST", "/api/v1/workspaces/", "name=w");
  server.form("POST", "/api/v1/projects/", "name=p&workspace_id=1");
  REQUIRE(server.upload({{"project_id", "1"}, {"name", "m"}}).status == 200);  // of zofia
  const Json model{{"user_id", 2}, {"project_id", 1}, {"name", "m"}};
  for (int i = 0; i < 4; ++i)
    must(server.catalog().change(
        {{"entity", "models"}, {"action", "insert"}, {"rows", Json::array_t(40, model)}},
        {.owner = {}, .name = "test"}));
  const auto remove = [&] {
    return server.send("DELETE", "/api/v1/users/2/?with_models=true", {bearer(sessions.admin)});
  };
  const auto promote = [&](const char* action) {
    must(server.catalog().change(
        {{"entity", "promotions"},
         {"action", "insert"},
         {"set",
          {{"action", action}, {"project_id", 1}, {"model_name", "m"}, {"stage", "production"}}}},
        {.owner = {}, .name = "test"}));
  };
  must(server.catalog().change(
      {{"entity", "promotions"},
       {"action", "insert"},
       {"set", {{"action", "promote"}, {"model_id", 150}, {"stage", "production"}}}},
      {.owner = {}, .name = "test"}));
  const auto kept = remove();
  CHECK(kept.status == 409);
  CHECK(kept.text.find("is in force in stage") != std::string::npos);
  CHECK(sessions.ask(sessions.zofia).body["pagination"]["total_items"] == 161);
  promote("retire");
  CHECK(remove().status == 200);
  CHECK(server.contents() == 0);
  CHECK(sessions.ask(sessions.zofia).body["error"] == "PraetorianError");
  CHECK(sessions.ask(sessions.admin).body["pagination"]["total_items"] == 0);
}

TEST_CASE("the last administrator who can sign in neither disables nor removes itself",
          "[maisie][sessions]") {
  Sessions sessions{GENERATE(SqlDialect::Sqlite, SqlDialect::MySql)};
  auto& server = sessions.server;
  const auto change = [&](int user, const Json& fields) {
    return server.json("PUT", fmt::format("/api/v1/users/{}/", user), fields,
                       {bearer(sessions.admin)});
  };
  const auto remove = [&] {
    return server.send("DELETE", "/api/v1/users/1/?with_models=true", {bearer(sessions.admin)});
  };
  for (const auto& refused : {change(1, {{"disabled", true}}), remove()}) {
    CHECK(refused.status == 409);
    CHECK(refused.text ==
          R"({"message":"the last administrator who can sign in stays: make another one first"})"
          "\n");
  }
  CHECK(change(1, {{"full_name", "A"}, {"disabled", false}}).status == 200);
  sessions.admin = server.sign_in();
  const auto promote = [&](bool is_admin) {
    return server.catalog().change(
        {{"entity", "users"}, {"action", "update"}, {"id", 2}, {"set", {{"is_admin", is_admin}}}},
        {.owner = {}, .name = "test"});
  };
  must(promote(true));
  CHECK(change(2, {{"disabled", true}}).status == 200);
  CHECK(remove().status == 409);  // the other one cannot sign in
  CHECK(change(2, {{"disabled", false}}).status == 200);
  CHECK(remove().status == 200);
  CHECK(promote(false).error().code == Code::Conflict);
}
