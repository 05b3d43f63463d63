// Refusals over real HTTP, each beside the request that differs in its one fault and is answered.
#include <catch2/catch.hpp>

#include "api/auth/secret_file.hpp"
#include "tests/api_auth/forgery.hpp"
#include "tests/api_maisie/registry_server.hpp"

#include <fmt/format.h>

using namespace millrace;
using test::must;
using test::RegistryServer;

namespace {

// Admin has a private model (1) in project 1; zofia (2) and jan (3) are there too, and zofia is
// signed in.
void fill(RegistryServer& server) {
  server.sign_in();
  server.form("POST", "/api/v1/workspaces/", "name=w", {server.bearer()});
  server.form("POST", "/api/v1/projects/", "name=p&workspace_id=1", {server.bearer()});
  REQUIRE(server.upload({{"project_id", "1"}, {"name", "hidden"}, {"private", "true"}}).status ==
          200);
  for (const char* login : {"zofia", "jan"})
    REQUIRE(server
                .form("POST", "/api/v1/users/", fmt::format("login={}&password=pw", login),
                      {server.bearer()})
                .status == 200);
  server.sign_in("zofia", "pw");
}

std::string bearer(std::string_view token) {
  return fmt::format("Authorization: Bearer {}", token);
}

// What the payload of a token of now says, for user 2.
std::string payload(std::int64_t issued_at, std::int64_t lives_for) {
  return fmt::format(R"({{"iat":{},"exp":{},"rf_exp":{},"jti":"j","id":2}})", issued_at,
                     issued_at + lives_for, issued_at + 2'592'000);
}

}  // namespace

TEST_CASE("a forged token opens nothing, over HTTP and in both modes", "[maisie][forged]") {
  const bool is_closed = GENERATE(false, true);
  RegistryServer server{SqlDialect::Sqlite, {.require_auth = is_closed}};
  fill(server);
  const auto secret = must(auth::open_secret_file(server.data() / "secret"));
  const auto now = to_micros(system_clock().now()) / 1'000'000;
  const auto status = [&](const std::string& token) {
    return server.send("GET", "/api/v1/users/", {bearer(token)}).status;
  };
  const auto good = payload(now, 900);
  const auto genuine = test::signed_token(test::kHeader, good, secret);
  REQUIRE(status(genuine) == 200);
  CHECK(status(test::signed_token(test::kHeader, good, "another secret of thirty-two byte")) ==
        401);
  CHECK(status(test::signed_token(test::kHeader, good, "")) == 401);
  CHECK(status(test::unsigned_token(test::kHeader, good) + '.') == 401);
  CHECK(status(test::unsigned_token(R"({"typ":"JWT","alg":"none"})", good) + '.') == 401);
  CHECK(status(test::signed_token(R"({"typ":"JWT","alg":"none"})", good, secret)) == 401);
  CHECK(status(test::signed_token(R"({"typ":"JWT","alg":"HS512"})", good, secret)) == 401);
  CHECK(status(genuine.substr(0, genuine.size() - 1)) == 401);
  CHECK(status(genuine + 'A') == 401);
  CHECK(status(genuine + std::string(10'000, 'A')) == 401);
  CHECK(status(test::signed_token(test::kHeader, payload(now - 890, 900), secret)) == 200);
  CHECK(status(test::signed_token(test::kHeader, payload(now - 1000, 900), secret)) == 401);
  const auto stranger = test::signed_token(
      test::kHeader,
      fmt::format(R"({{"iat":{0},"exp":{1},"rf_exp":{1},"jti":"j","id":99}})", now, now + 900),
      secret);
  CHECK(status(stranger) == 401);
}

TEST_CASE("a ticket is worth what its user may see", "[maisie][privacy]") {
  RegistryServer server{SqlDialect::Sqlite, {.enforce_private = true}};
  fill(server);
  const auto tokens = must(auth::TokenIssuer::make(
      must(auth::open_secret_file(server.data() / "secret")), std::chrono::seconds{900}));
  const auto now = system_clock().now();
  const auto status = [&](const std::string& ticket) {
    return server.send("GET", "/storage/download/1/?ticket=" + ticket).status;
  };
  CHECK(status(tokens.issue_ticket(1, 1, now)) == 200);
  CHECK(status(tokens.issue_ticket(1, 2, now)) == 404);   // the model is admin's
  CHECK(status(tokens.issue_ticket(1, 99, now)) == 401);  // there is no such user
  CHECK(status(tokens.issue_ticket(2, 1, now)) == 401);   // for another model
  CHECK(status(tokens.issue_ticket(1, 1, now - std::chrono::seconds{310})) == 401);
}

TEST_CASE("a user is changed by itself or an administrator", "[maisie][users]") {
  const auto kind = GENERATE(SqlDialect::Sqlite, SqlDialect::MySql);
  RegistryServer server{kind};
  fill(server);
  const auto put = [&](int user) {
    return server
        .form("PUT", fmt::format("/api/v1/users/{}/", user), "name=Changed", {server.bearer()})
        .status;
  };
  const auto remove = [&](int user) {
    return server.as_user("DELETE", fmt::format("/api/v1/users/{}/", user)).status;
  };
  CHECK(put(2) == 200);
  CHECK(put(1) == 403);
  CHECK(put(3) == 403);
  CHECK(remove(1) == 403);
  CHECK(remove(3) == 403);
  CHECK(server.as_user("GET", "/api/v1/users/3/").data()["full_name"].is_null());
  // A right is not something that one gives oneself.
  CHECK(server.form("PUT", "/api/v1/users/2/", "is_admin=true&rls=admin&id=1", {server.bearer()})
            .status == 200);
  CHECK(put(3) == 403);
  server.sign_in();
  CHECK(put(3) == 200);
  CHECK(remove(3) == 200);
  server.sign_in("zofia", "pw");
  CHECK(remove(2) == 200);
}

TEST_CASE("a page of an allowed origin may ask, and is never sent what a browser keeps",
          "[maisie][cors]") {
  RegistryServer server{
      SqlDialect::Sqlite, {.max_upload_bytes = 4096}, {.origins = {"https://page.example"}}};
  fill(server);
  const std::string origin = "Origin: https://page.example";
  struct Case {
    const char* method;
    const char* target;
    int status;
  };
  for (const auto& [method, target, status] :
       {Case{"GET", "/api/v1/models/", 200}, Case{"GET", "/api/v1/models/77/", 404},
        Case{"GET", "/nowhere/", 404}, Case{"PATCH", "/api/v1/models/", 405},
        Case{"POST", "/api/v1/tags/", 400}, Case{"OPTIONS", "/api/v1/models/", 200}}) {
    INFO(method << ' ' << target);
    const auto from_page = server.as_user(method, target, {origin});
    CHECK(from_page.status == status);
    CHECK(from_page.headers.at("access-control-allow-origin") == "https://page.example");
    CHECK(from_page.headers.at("vary").find("Origin") != std::string::npos);
    CHECK_FALSE(from_page.headers.contains("access-control-allow-credentials"));
    CHECK_FALSE(from_page.headers.contains("set-cookie"));
    const auto from_shell = server.as_user(method, target);
    CHECK(from_shell.headers.at("access-control-allow-origin") == "*");
    CHECK_FALSE(from_shell.headers.contains("access-control-allow-credentials"));
  }
  CHECK(server.send("GET", "/api/v1/models/", {origin}).headers.at("access-control-allow-origin") ==
        "https://page.example");  // 401
  const auto large = server.send("POST", "/api/v1/workspaces/", {origin}, std::string(8192, 'x'));
  CHECK(large.status == 413);
  CHECK(large.headers.at("access-control-allow-origin") == "https://page.example");
  // A cookie signs nobody in, so there is nothing that another page could use.
  const auto token = server.bearer().substr(std::string_view{"Authorization: Bearer "}.size());
  CHECK(server.send("GET", "/api/v1/models/", {"Cookie: access_token=" + token}).status == 401);
  CHECK(server.send("GET", "/api/v1/models/?access_token=" + token).status == 401);
  CHECK(server.as_user("GET", "/api/v1/models/").status == 200);
}

TEST_CASE("a page of another origin reads nothing and changes nothing", "[maisie][cors]") {
  RegistryServer server{SqlDialect::Sqlite};
  fill(server);
  for (const char* origin :
       {"https://page.example", "null", "http://127.0.0.1.page.example",
        "http://localhost.page.example:5000", "file://", "https://page.example/x"}) {
    INFO(origin);
    const std::string from = std::string{"Origin: "} + origin;
    for (const char* target : {"/api/v1/models/", "/api/v1/models/77/", "/nowhere/"}) {
      const auto read = server.as_user("GET", target, {from});
      CHECK_FALSE(read.headers.contains("access-control-allow-origin"));
      CHECK(read.headers.at("vary").find("Origin") != std::string::npos);
    }
    const auto preflight = server.send("OPTIONS", "/api/v1/models/",
                                       {from, "Access-Control-Request-Method: POST",
                                        "Access-Control-Request-Headers: authorization"});
    CHECK(preflight.status == 200);
    CHECK_FALSE(preflight.headers.contains("access-control-allow-origin"));
    CHECK_FALSE(preflight.headers.contains("access-control-allow-headers"));
    for (const char* method : {"POST", "PUT", "PATCH", "DELETE"}) {
      INFO(method);
      const auto refused =
          server.as_user(method, "/api/v1/workspaces/1/",
                         {from, "Content-Type: application/x-www-form-urlencoded"}, "name=stolen");
      CHECK(refused.status == 403);
      CHECK(refused.body["message"].get<std::string>().find("--allow-origin") != std::string::npos);
      CHECK_FALSE(refused.headers.contains("access-control-allow-origin"));
    }
  }
  CHECK(server.send("GET", "/api/v1/workspaces/1/").data()["name"] != "stolen");
  CHECK(server
            .as_user("PUT", "/api/v1/workspaces/1/",
                     {"Origin: http://localhost:3000",
                      "Content-Type: application/x-www-form-urlencoded"},
                     "name=mine")
            .data()["name"] == "mine");
}

TEST_CASE("a header cannot be smuggled into an answer", "[maisie][injection]") {
  RegistryServer server{SqlDialect::Sqlite, {}, {.hosts = {"maisie.example.org"}}};
  fill(server);
  // What is echoed: the origin, the wanted headers, the Host, the end of a file's name.
  CHECK(server.send("OPTIONS", "/api/v1/models/", {"Access-Control-Request-Headers: x-plain"})
            .headers.at("access-control-allow-headers") == "x-plain");
  for (const char* value : {"a\rSet-Cookie: x=1", "a\x01z", "a\x7fz"}) {
    INFO(value);
    for (const char* name : {"Origin: ", "Access-Control-Request-Headers: ", "Host: "}) {
      const auto answer = server.send("OPTIONS", "/api/v1/models/", {std::string{name} + value});
      CHECK(answer.status == 400);
      CHECK_FALSE(answer.headers.contains("set-cookie"));
    }
  }
  for (const char* host : {"evil\"><x", "a b", "a/b", "a\\b", "a@b", "<a>"}) {
    INFO(host);
    CHECK(server.send("GET", "/api/v1/projects/1/", {std::string{"Host: "} + host}).status == 400);
  }
  for (const char* host :
       {"maisie.example.org", "maisie.example.org:8443", "[::1]:8080", "127.0.0.1"})
    CHECK(server.send("GET", "/api/v1/projects/1/", {std::string{"Host: "} + host})
              .data()["_links"]["self"] == fmt::format("http://{}/api/v1/projects/1/", host));
  for (const char* name :
       {"x.b\r\nSet-Cookie: a=1", "x.b\"; y=\"z", "x.a;b", "x.\xc3\xa9", "x.a b"}) {
    INFO(name);
    const auto model = server.upload({{"project_id", "1"}}, name);
    if (model.status != 200) {
      CHECK(model.status == 400);
      continue;
    }
    const auto file =
        server.send("GET", fmt::format("/storage/download/{}/", model.data()["id"].get<int>()));
    CHECK_FALSE(file.headers.contains("set-cookie"));
    const auto named = file.headers.at("content-disposition");
    CHECK(named.find_first_not_of(
              "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.;= ") ==
          std::string::npos);
    CHECK(std::count(named.begin(), named.end(), ';') == 1);
  }
  CHECK(server.upload({{"project_id", "1"}}, "x.TXT").status == 200);
}
