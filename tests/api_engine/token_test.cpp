#include "api/engine/token.hpp"

#include <fstream>

#include <catch2/catch.hpp>

#include "tests/api_engine/served.hpp"

#include <fmt/format.h>
#include <sys/stat.h>

using namespace millrace;
using namespace millrace::test;

TEST_CASE("the token is made once, for its owner alone", "[api][engine][token]") {
  const TemporaryFolder folder;
  const auto first = api::open_token(folder.path());
  REQUIRE(first.ok());
  CHECK(first->size() == 64);
  struct stat status {};
  REQUIRE(::stat((folder / "token").c_str(), &status) == 0);
  CHECK((status.st_mode & 0777) == 0600);
  const auto second = api::open_token(folder.path());
  REQUIRE(second.ok());
  CHECK(*first == *second);
  const TemporaryFolder other;
  CHECK(*api::open_token(other.path()) != *first);
}

TEST_CASE("a token that others may read, or that is none, is refused with the way out",
          "[api][engine][token]") {
  const TemporaryFolder folder;
  REQUIRE(api::open_token(folder.path()).ok());
  const auto file = folder / "token";
  std::filesystem::permissions(file, std::filesystem::perms{0644});
  const auto open = api::open_token(folder.path());
  REQUIRE_FALSE(open.ok());
  CHECK(open.error().code == Code::PermissionDenied);
  CHECK(open.error().message.find(file.string()) != std::string::npos);
  std::filesystem::permissions(file, std::filesystem::perms{0600});
  std::ofstream{file} << "short\n";
  CHECK(api::open_token(folder.path()).error().code == Code::DataInvalid);
  std::filesystem::remove(file);
  std::filesystem::create_symlink("/etc/hostname", file);
  CHECK_FALSE(api::open_token(folder.path()).ok());
  CHECK_FALSE(api::open_token(folder / "missing").ok());
}

TEST_CASE("everything but health, metrics and documentation needs the token",
          "[api][engine][token]") {
  Served server;
  for (const auto* path : {"/livez", "/readyz", "/metrics", "/openapi.json", "/docs"})
    CHECK(server.ask_without_token("GET", path).status == 200);
  const auto with = [&](std::string_view path, std::string_view headers) {
    return server.ask_without_token("GET", path, {}, headers);
  };
  for (const auto* path : {"/jobs", "/jobs/1", "/jobs/1/events", "/operators", "/pipelines"}) {
    const auto refused = with(path, {});
    CHECK(refused.status == 401);
    CHECK(refused.headers.at("www-authenticate") == "Bearer realm=\"millrace\"");
    CHECK(refused.body["error"]["code"] == "unauthenticated");
  }
  const auto& token = server.token();
  CHECK(with("/jobs", "Authorization: Bearer " + token + "\r\n").status == 200);
  for (const auto& wrong : {token, "bearer" + token, "Basic " + token, "Bearer " + token.substr(1),
                            "Bearer " + token + "0", "Bearer " + std::string(64, '0'),
                            std::string{"Bearer "}, std::string{}})
    CHECK(with("/jobs", "Authorization: " + wrong + "\r\n").status == 401);
  CHECK(server.ask_without_token("POST", "/jobs", "{}").status == 401);
}

TEST_CASE("other origins are not let in", "[api][engine][token]") {
  Served server;
  const auto answer = server.ask("GET", "/jobs", {}, "Origin: http://evil.example\r\n");
  for (const auto& [name, value] : answer.headers) CHECK_FALSE(name.starts_with("access-control"));
  CHECK(server.ask("OPTIONS", "/jobs", {}, "Origin: http://evil.example\r\n").status == 405);
  const auto pipeline = server.copy_pipeline("a").dump();
  const auto refused = server.ask("POST", "/jobs", pipeline, "Origin: http://evil.example\r\n");
  CHECK(refused.status == 403);
  CHECK(refused.body["error"]["code"] == "permission_denied");
  CHECK(refused.headers.contains("x-request-id"));
  CHECK(server.ask("GET", "/jobs").body["items"].empty());
  // Before anybody is asked who he is, and whatever the path.
  CHECK(server.ask_without_token("POST", "/lost", "x", "Origin: null\r\n").status == 403);
  CHECK(server.ask("POST", "/jobs", pipeline, "Origin: http://localhost:3000\r\n").status == 202);
}

TEST_CASE("a loopback server answers to loopback names and those that it was given",
          "[api][engine][host]") {
  Served server;  // knows "here", too
  const auto status = [&](std::string_view host, std::string_view path) {
    Client client{server.port()};
    client.send(fmt::format("GET {} HTTP/1.1\r\nHost: {}\r\n\r\n", path, host));
    const auto reply = client.read_reply();
    if (reply.status == 400)
      CHECK(reply.body.find("--allow-host page.example") != std::string::npos);
    return reply.status;
  };
  for (const auto* path : {"/livez", "/openapi.json", "/maisie/api/v1/workspaces/"}) {
    INFO(path);
    CHECK(status("127.0.0.1", path) == 200);
    CHECK(status("localhost:1", path) == 200);
    CHECK(status("here:99", path) == 200);
    CHECK(status("page.example", path) == 400);
    CHECK(status("page.example:8080", path) == 400);
  }
}

TEST_CASE("connections leave descriptors for what they ask for", "[api][engine]") {
  CHECK(api::most_connections(1'048'576) == 262'144);
  CHECK(api::most_connections(20'000) == 5'000);
  CHECK(api::most_connections(1'024) == 256);
  CHECK(api::most_connections(512) == 85);
  CHECK(api::most_connections(256) == 0);
  CHECK(api::most_connections(0) == 0);
}
