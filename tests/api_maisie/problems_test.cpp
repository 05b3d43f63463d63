// How refusals are worded, whoever makes them.
#include "api/maisie/problems.hpp"

#include <catch2/catch.hpp>

#include "api/route/refusals.hpp"
#include "tests/api_maisie/registry_server.hpp"

using namespace millrace;
using test::keys;
using test::RegistryServer;

namespace {

Json body_of(const api::Refusal& refusal, int status) {
  const auto response = maisie::refuse(refusal, {});
  CHECK(response.status == status);
  const auto& text = std::get<std::string>(response.body);
  CHECK(text.ends_with('\n'));
  return Json::parse(text);
}

}  // namespace

TEST_CASE("what the server refuses has a body that clients read", "[maisie][errors]") {
  for (const int status :
       {400, 403, 404, 405, 408, 409, 412, 413, 416, 417, 429, 431, 500, 501, 503, 505, 507}) {
    INFO(status);
    const auto body = body_of(api::server_refusal(status, "why"), status);
    CHECK(keys(body) == "message");
    CHECK(body["message"].is_string());
  }
  CHECK(body_of(api::server_refusal(500, "why"), 500) ==
        Json{{"message", "Internal Server Error"}});
  CHECK(body_of({.error = {Code::Internal, "internal error", "a path"}}, 500) ==
        Json{{"message", "Internal Server Error"}});
  CHECK(keys(body_of(api::server_refusal(401, "why"), 401)) == "error,message,status_code");
}

TEST_CASE("a refusal carries what its words need", "[maisie][errors]") {
  CHECK(body_of(maisie::refuse_sign_in("MissingTokenHeader", "no token"), 401) ==
        Json{{"error", "MissingTokenHeader"}, {"message", "no token"}, {"status_code", 401}});
  const auto no_parent = [](const char* field, Json values) {
    return body_of(
        {.error = {Code::NotFound, "there is none", {}, field}, .values = std::move(values)},
        400)["error"];
  };
  CHECK(no_parent("project_id", {{"project_id", 77}}) == "Project 77 does not exist.");
  CHECK(no_parent("workspace_id", {{"workspace_id", -1}}) == "Workspace -1 does not exist.");
  CHECK(no_parent("job_id", {}) == "Job ? does not exist.");
  CHECK(body_of({.error = {Code::NotFound, "there is none", {}, "user_id"}}, 401)["error"] ==
        "PraetorianError");
}

TEST_CASE("faults are told by the name of the parameter", "[maisie][errors]") {
  using api::Place;
  const auto body = body_of(api::refusal({{Place::Query, "/metric.a~1b~0c>", "comparison", "one"},
                                          {Place::Body, "/tags/3", "parameter_type", "two"},
                                          {Place::Body, "/tags/4", "parameter_type", "three"},
                                          {Place::File, "/file", "parameter_missing", "four"}}),
                            400);
  CHECK(body == Json{{"message", {{"metric.a/b~c>", "one"}, {"tags", "three"}, {"file", "four"}}}});
}

TEST_CASE("what the server refuses by itself has the dialect's headers", "[maisie][errors]") {
  RegistryServer server{SqlDialect::Sqlite, {.enforce_private = true}};
  server.sign_in();
  server.form("POST", "/api/v1/workspaces/", "name=w");
  server.form("POST", "/api/v1/projects/", "name=p&workspace_id=1");
  REQUIRE(server.upload({{"project_id", "1"}}).status == 200);
  const std::string origin = "Origin: http://localhost:3000", body(200'000, 'x');
  const auto check = [](const RegistryServer::Answer& answer, int status) {
    INFO(answer.text);
    CHECK(answer.status == status);
    CHECK(answer.body.contains("message"));
    CHECK_FALSE(answer.body.contains("data"));
    CHECK(answer.headers.at("access-control-allow-origin") == "http://localhost:3000");
    CHECK(answer.headers.at("vary").find("Origin") != std::string::npos);
    CHECK(answer.headers.at("cache-control") == "no-store");
  };
  const auto range = server.as_user("GET", "/storage/download/1/", {origin, "Range: bytes=99-"});
  check(range, 416);
  CHECK(range.headers.at("content-range") == "bytes */7");
  check(server.as_user("GET", "/storage/download/1/", {origin, "If-Match: \"x\""}), 412);
  // Bodies that nobody wants.
  check(server.send("POST", "/nowhere/", {origin}, body), 404);
  check(server.send("PATCH", "/api/v1/models/", {origin}, body), 405);
  const auto nobody = server.send("POST", "/api/v1/models/", {origin}, body);
  check(nobody, 401);
  CHECK(nobody.headers.at("www-authenticate") == "Bearer");
}
