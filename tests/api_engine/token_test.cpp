#include "api/engine/token.hpp"

#include <fstream>

#include <catch2/catch.hpp>

#include "tests/api_engine/served.hpp"

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
  for (const auto* path : {"/livez", "/readyz", "/metrics", "/openapi.json", "/docs/"})
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
}
