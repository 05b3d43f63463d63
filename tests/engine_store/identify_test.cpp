#include <filesystem>

#include <catch2/catch.hpp>

#include "engine/store/blobs.hpp"
#include "tests/engine_store/store_fixture.hpp"

using namespace millrace;
using namespace millrace::test;
namespace fs = std::filesystem;

namespace {

struct Identities : StoreFixture {
  std::string of(const std::string& uri) {
    const auto checked = store->check(uri, {.any_file = true, .blobs = true}, false);
    REQUIRE(checked.ok());
    auto object = store->identify(*checked);
    INFO(uri << ": " << (object.ok() ? std::string{} : object.error().message));
    REQUIRE(object.ok());
    return *std::move(object);
  }
  [[nodiscard]] std::string file(const std::string& name) const {
    return "file://" + (folder.path() / name).string();
  }
};

}  // namespace

TEST_CASE("an object is known by what its address leads to, however it is spelled",
          "[store][identify]") {
  Identities fixture;
  const bool is_there = GENERATE(true, false);
  fs::create_directories(fixture.folder.path() / "dir/inner");
  if (is_there) write_file(fixture.folder.path() / "dir/a", "x");
  fs::create_directory_symlink(fixture.folder.path() / "dir", fixture.folder.path() / "link");
  const auto object = fixture.of(fixture.file("dir/a"));
  for (const auto* same : {"dir/./a", "dir//a", "dir/inner/../a", "link/a", "dir/%61"}) {
    INFO(same);
    CHECK(fixture.of(fixture.file(same)) == object);
  }
  CHECK(fixture.of("file:" + (fixture.folder.path() / "dir/a").string()) == object);
  for (const auto* other : {"dir/b", "dir/A", "a", "dir/inner/a", "dir/a.x"}) {
    INFO(other);
    CHECK(fixture.of(fixture.file(other)) != object);
  }
}

TEST_CASE("links to a file are the file", "[store][identify]") {
  Identities fixture;
  const auto one = fixture.folder.path() / "one";
  write_file(one, "x");
  fs::create_symlink(one, fixture.folder.path() / "symbolic");
  fs::create_hard_link(one, fixture.folder.path() / "hard");
  const auto object = fixture.of(fixture.file("one"));
  CHECK(fixture.of(fixture.file("symbolic")) == object);
  CHECK(fixture.of(fixture.file("hard")) == object);
}

TEST_CASE("a file address into the store is the object that lies there", "[store][identify]") {
  Identities fixture;
  const std::string key = "qiniu:///z0/b/deep/er/k";
  CHECK(fixture.of(fixture.file("store/z0/b/deep/er/k")) == fixture.of(key));
  REQUIRE(fixture.store->put(address("qiniu:///z0/b/other"), "x").ok());
  CHECK(fixture.of(fixture.file("store/z0/b/deep/er/k")) == fixture.of(key));
  REQUIRE(fixture.store->put(address(key), "x").ok());
  CHECK(fixture.of(fixture.file("store/z0/b/deep/er/k")) == fixture.of(key));
  CHECK(fixture.of("qiniu:///z0/b/other") != fixture.of(key));
}

TEST_CASE("pages and contents are told apart by their names", "[store][identify]") {
  Identities fixture;
  CHECK(fixture.of("http://example.com/a") == fixture.of("http://example.com/a"));
  CHECK(fixture.of("http://example.com/a") != fixture.of("http://example.com/b"));
  CHECK(fixture.of(blob_uri(std::string(64, 'a'))) != fixture.of(blob_uri(std::string(64, 'b'))));
}

TEST_CASE("a long address that leads nowhere is looked up at once", "[store][identify]") {
  Identities fixture;
  std::string deep = "deep";
  while (deep.size() < 3'000) deep += "/a";
  CHECK(fixture.of(fixture.file(deep)) == fixture.of(fixture.file("./" + deep)));
}
