#include "engine/job/connections.hpp"

#include <filesystem>
#include <fstream>

#include <catch2/catch.hpp>

#include "engine/job/inline_services.hpp"
#include "tests/engine_job/job_place.hpp"

using namespace millrace;
using namespace millrace::test;

TEST_CASE("connections are replaced source by source, or stay", "[job][connection]") {
  Connections connections;
  REQUIRE(
      connections.replace("audience", {{"input", {"sqlite:/a"}}, {"output", {"sqlite:/b"}}}).ok());
  REQUIRE(connections.replace("", {{"own", {"sqlite:/c", "sesame"}}}).ok());
  CHECK(connections.find("own")->password == "sesame");
  const auto twice = connections.replace("", {{"input", {"sqlite:/d"}}});
  REQUIRE_FALSE(twice.ok());
  CHECK(twice.error().code == Code::Conflict);
  CHECK(twice.error().message.find("input: named both by audience and by --connection") !=
        std::string::npos);
  CHECK_FALSE(connections.replace("audience", {{"input", {"nonsense"}}}).ok());
  CHECK(connections.find("input")->address == "sqlite:/a");
  CHECK(connections.find("own")->address == "sqlite:/c");

  REQUIRE(connections.replace("audience", {{"input", {"sqlite:/e"}}}).ok());
  CHECK(connections.find("input")->address == "sqlite:/e");
  CHECK(connections.find("output").error().code == Code::NotFound);
  NamedConnections many;
  for (std::size_t i = 0; i <= kMostConnections; ++i)
    many.emplace("c" + std::to_string(i), ConnectionSettings{"sqlite:/x"});
  CHECK_FALSE(connections.replace("", many).ok());
}

TEST_CASE("a run is told of databases when it may reach any", "[job][connection]") {
  JobPlace place;
  place.open(false);
  Connections named;
  REQUIRE(named.replace("", {{"shop", {"mysql://me@db/shop", "sesame"}}}).ok());
  const StoreServices::Surroundings around{place.store(), place.catalog(), place.service(), &named};
  InlineServices stranger{around, {}, {}};
  stranger.set_connections({{"own", {"mysql://me@db/own"}}});
  for (const auto* name : {"shop", "own", "none"}) {
    const auto told = stranger.connection(name, false);
    REQUIRE_FALSE(told.ok());
    CHECK(told.error().code == Code::PermissionDenied);
  }
  InlineServices friendly{around, {.databases = true}, {}};
  CHECK(friendly.connection("shop", true)->password == "sesame");
  CHECK(friendly.connection("none", false).error().code == Code::NotFound);
  friendly.set_connections({{"shop", {"mysql://you@other/shop"}}});
  CHECK(*friendly.connection("shop", true) == ConnectionSettings{"mysql://you@other/shop", ""});
}

TEST_CASE("a pipeline's own SQLite file is one that its job may open", "[job][connection]") {
  JobPlace place;
  place.open(false);
  const auto root = place.folder() / "root", outside = place.folder() / "outside";
  std::filesystem::create_directories(root);
  std::filesystem::create_directories(outside);
  std::ofstream{outside / "secret.sqlite"};
  std::filesystem::create_symlink(outside, root / "link");
  std::filesystem::create_symlink(outside / "secret.sqlite", root / "link.sqlite");
  InlineServices services{
      {place.store(), place.catalog(), place.service()}, {.roots = {root}, .databases = true}, {}};
  const auto code = [&](const std::string& path) {
    services.set_connections({{"own", {"sqlite:" + path}}});
    const auto told = services.connection("own", true);
    if (told.ok()) CHECK(told->address == "sqlite:" + (root / "new.sqlite").string());
    return told.ok() ? std::optional<Code>{} : told.error().code;
  };
  CHECK_FALSE(code((root / "new.sqlite").string()));
  CHECK_FALSE(code((root / "x/../new.sqlite").string()));
  CHECK_FALSE(code((root / "link/../root/new.sqlite").string()));
  CHECK(code((outside / "secret.sqlite").string()) == Code::PermissionDenied);
  CHECK(code((root / "../outside/secret.sqlite").string()) == Code::PermissionDenied);
  CHECK(code((root / "link/secret.sqlite").string()) == Code::PermissionDenied);
  CHECK(code((root / "link.sqlite").string()) == Code::PermissionDenied);
  CHECK(code("new.sqlite") == Code::InvalidArgument);
  CHECK(code(":memory:") == Code::InvalidArgument);
  CHECK(code("file:" + (root / "new.sqlite").string()) == Code::InvalidArgument);
}
