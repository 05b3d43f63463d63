// A request has a time for all that it asks of a database server: sign-in, pipeline, and what is
// answered without a pipeline.
#include <chrono>

#include <catch2/catch.hpp>

#include "tests/api_maisie/registry_server.hpp"

#include <fmt/format.h>

using namespace millrace;
using namespace std::chrono_literals;
using test::must;
using test::RegistryServer;

TEST_CASE("a request ends with its time, whatever locks its tables", "[maisie][request_time]") {
  RegistryServer server{SqlDialect::MySql, {}, {}, {}, 1s};
  server.sign_in();
  REQUIRE(server.form("POST", "/api/v1/workspaces/", "name=w").status == 200);
  const auto other = server.place().connect();
  const auto ask = [&](std::string_view table, std::string_view method, std::string_view target,
                       RegistryServer::Headers headers = {}) {
    INFO(method << ' ' << target);
    must(other->run(fmt::format("LOCK TABLES {} WRITE", table)));
    const auto began = std::chrono::steady_clock::now();
    const auto answer = server.as_user(method, target, std::move(headers));
    const auto took = std::chrono::steady_clock::now() - began;
    must(other->run("UNLOCK TABLES"));
    CHECK(answer.status == 504);
    CHECK(took > 900ms);
    CHECK(took < 9s);  // below the ten seconds that a server may keep silent
  };
  // First, while nobody has looked up yet who signs in.
  ask("users", "POST", "/api/v1/uploads/", {"Tus-Resumable: 1.0.0", "Upload-Length: 3"});
  ask("workspaces", "GET", "/api/v1/workspaces/1/");
  ask("workspaces", "PUT", "/api/v1/workspaces/1/",
      {"Content-Type: application/x-www-form-urlencoded"});
  CHECK(server.as_user("GET", "/api/v1/workspaces/1/").status == 200);
}
