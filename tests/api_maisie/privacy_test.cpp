// What is hidden, from whom, and what each protection is worth: every refusal here is first seen to
// be an answer while the protection is off.
#include <regex>

#include <catch2/catch.hpp>

#include "tests/api_maisie/registry_server.hpp"

#include <fmt/format.h>

using namespace millrace;
using test::RegistryServer;

namespace {

// Admin has a private model (1) and a public one (2) in project 1; zofia is signed in.
void fill(RegistryServer& server) {
  server.sign_in();
  server.json("POST", "/api/v1/workspaces/", {{"name", "w"}}, {server.bearer()});
  server.json("POST", "/api/v1/projects/", {{"name", "p"}, {"workspace_id", 1}}, {server.bearer()});
  REQUIRE(server
              .upload({{"project_id", "1"},
                       {"name", "hidden"},
                       {"private", "true"},
                       {"tags", "t"},
                       {"metrics", R"({"secret":1})"}})
              .status == 200);
  REQUIRE(
      server
          .upload(
              {{"project_id", "1"}, {"name", "open"}, {"tags", "t"}, {"metrics", R"({"acc":1})"}},
              "open.bin", "OPEN")
          .status == 200);
  server.json("POST", "/api/v1/users/", {{"login", "zofia"}, {"password", "pw"}},
              {server.bearer()});
  server.sign_in("zofia", "pw");
}

struct Seen {
  int get, put, attach, detach, remove, download;
  std::int64_t listed;
  std::size_t with_tag, metrics;
};

Seen seen_by_zofia(RegistryServer& server) {
  Seen seen{};
  seen.get = server.as_user("GET", "/api/v1/models/1/").status;
  seen.listed = server.as_user("GET", "/api/v1/models/").body["pagination"]["total_items"];
  seen.with_tag = server.as_user("GET", "/api/v1/tags/1/").data()["models"].size();
  seen.metrics = server.as_user("GET", "/api/v1/projects/1/").data()["all_metrics"].size();
  seen.download = server.as_user("GET", "/storage/download/1/").status;
  seen.put = server.json("PUT", "/api/v1/models/1/", {{"name", "taken"}}, {server.bearer()}).status;
  seen.detach = server.as_user("DELETE", "/api/v1/models/1/tags/1/").status;
  seen.attach = server.as_user("POST", "/api/v1/models/1/tags/1/").status;
  seen.remove = server.as_user("DELETE", "/api/v1/models/1/").status;
  return seen;
}

}  // namespace

TEST_CASE("private is only a label unless it is enforced", "[maisie][privacy]") {
  const auto kind = GENERATE(SqlDialect::Sqlite, SqlDialect::MySql);
  RegistryServer server{kind};
  fill(server);
  const auto seen = seen_by_zofia(server);
  CHECK(seen.get == 200);
  CHECK(seen.listed == 2);
  CHECK(seen.with_tag == 2);
  CHECK(seen.metrics == 2);
  CHECK(seen.put == 200);
  CHECK(seen.attach == 200);
  CHECK(seen.detach == 200);
  CHECK(seen.download == 200);
  CHECK(seen.remove == 200);
}

TEST_CASE("an enforced private model exists for its user only", "[maisie][privacy]") {
  const auto kind = GENERATE(SqlDialect::Sqlite, SqlDialect::MySql);
  const bool closes_all = GENERATE(false, true);
  RegistryServer server{kind, {.require_auth = closes_all, .enforce_private = !closes_all}};
  fill(server);
  const auto seen = seen_by_zofia(server);
  CHECK(seen.get == 404);
  CHECK(seen.listed == 1);
  CHECK(seen.with_tag == 1);
  CHECK(seen.metrics == 1);
  CHECK(seen.put == 404);
  CHECK(seen.attach == 404);
  CHECK(seen.detach == 404);
  CHECK(seen.download == 404);
  CHECK(seen.remove == 404);
  server.sign_in();
  const auto own = server.as_user("GET", "/api/v1/models/1/");
  CHECK(own.data()["name"] == "hidden");
  CHECK(own.data()["tags"].size() == 1);
  CHECK(server.as_user("GET", "/api/v1/projects/1/").data()["all_metrics"].size() == 2);
}

TEST_CASE("a download needs the token, or the ticket of its link", "[maisie][privacy]") {
  RegistryServer server{SqlDialect::Sqlite, {.enforce_private = true}};
  fill(server);
  server.sign_in();
  CHECK(server.send("GET", "/storage/download/2/").status == 401);
  CHECK(server.as_user("GET", "/storage/download/2/").text == "OPEN");
  const auto link =
      server.as_user("GET", "/api/v1/models/1/").data()["_links"]["download"].get<std::string>();
  REQUIRE(link.starts_with(server.base() + "/storage/download/1/?ticket="));
  const auto target = link.substr(server.base().size());
  const auto file = server.send("GET", target);
  CHECK(file.text == "WEIGHTS");
  CHECK(file.headers.at("cache-control") == "private, max-age=43200");
  // The ticket is for this one model, and opens nothing else.
  const auto ticket = target.substr(target.find('?'));
  CHECK(server.send("GET", "/storage/download/2/" + ticket).status == 401);
  CHECK(server.send("GET", "/api/v1/models/1/" + ticket).status == 401);
  CHECK(server.send("GET", "/storage/download/1/" + ticket + "x").status == 401);
  // Nor is a ticket for somebody else's private model worth anything.
  server.sign_in("zofia", "pw");
  CHECK(server.as_user("GET", "/api/v1/models/2/")
            .data()["_links"]["download"]
            .get<std::string>()
            .find("?ticket=") != std::string::npos);
}

TEST_CASE("with require-auth only the sign-in is open", "[maisie][privacy]") {
  const std::vector<std::pair<const char*, const char*>> open{
      {"GET", "/api/v1/workspaces/"},        {"GET", "/api/v1/workspaces/1/"},
      {"GET", "/api/v1/projects/"},          {"GET", "/api/v1/projects/1/"},
      {"GET", "/storage/download/2/"},       {"POST", "/api/v1/models/2/tags/1/"},
      {"DELETE", "/api/v1/models/2/tags/1/"}};
  {
    RegistryServer server{SqlDialect::Sqlite};
    fill(server);
    for (const auto& [method, path] : open) CHECK(server.send(method, path).status == 200);
  }
  RegistryServer server{SqlDialect::Sqlite, {.require_auth = true}};
  fill(server);
  for (const auto& [method, path] : open) {
    INFO(method << ' ' << path);
    CHECK(server.send(method, path).status == 401);
    CHECK(server.send(method, path, {"Authorization: Bearer None"}).status == 401);
  }
  CHECK(server.form("POST", "/api/v1/workspaces/", "name=x").status == 401);
  CHECK(server.form("POST", "/api/v1/projects/", "name=x&workspace_id=1").status == 401);
  CHECK(server.send("OPTIONS", "/api/v1/projects/").status == 200);
  CHECK(server.form("POST", "/api/v1/auth/login/", "login=admin&password=admin").status == 200);
}

TEST_CASE("without it a bad token does not close what is open", "[maisie][privacy]") {
  RegistryServer server{SqlDialect::Sqlite};
  CHECK(server.send("GET", "/api/v1/workspaces/", {"Authorization: Bearer None"}).status == 200);
  CHECK(server.send("GET", "/api/v1/users/", {"Authorization: Bearer None"}).body["error"] ==
        "InvalidTokenHeader");
  CHECK(server.send("GET", "/api/v1/users/", {"Authorization: Basic YTpi"}).body["message"] ==
        "JWT header structure is invalid");
}

TEST_CASE("guessing of passwords is slowed down, for the guesser alone", "[maisie][sign_in]") {
  RegistryServer server{SqlDialect::Sqlite};
  const auto guess = [&] {
    return server.form("POST", "/api/v1/auth/login/", "login=admin&password=no");
  };
  for (int i = 0; i < 5; ++i) CHECK(guess().status == 401);
  // One that comes later than the wait makes the next wait longer.
  auto refused = guess();
  for (int i = 0; i < 5 && refused.status == 401; ++i) refused = guess();
  REQUIRE(refused.status == 429);
  CHECK(std::stoi(refused.headers.at("retry-after")) >= 1);
  CHECK(server.form("POST", "/api/v1/auth/login/", "login=admin&password=admin").status == 429);
  CHECK(refused.body["message"].get<std::string>().find("try again in") != std::string::npos);
  CHECK(server.form("POST", "/api/v1/auth/login/", "login=other&password=no").body["error"] ==
        "MissingUserError");
}
