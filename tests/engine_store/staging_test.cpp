#include <cstdlib>
#include <unistd.h>

#include <catch2/catch.hpp>

#include "engine/store/object_folder.hpp"
#include "tests/engine_store/store_fixture.hpp"

#include <sys/stat.h>

using namespace millrace;
using namespace millrace::test;

namespace {

const std::string kTarget = "qiniu:///z0/b/out/list.json";

}  // namespace

TEST_CASE("a staged object is invisible until it is published", "[store][staging]") {
  StoreFixture fixture;
  auto& store = *fixture.store;
  auto writer = store.stage(address(kTarget), "job-12");
  REQUIRE(writer.ok());
  REQUIRE((*writer)->write("one\n").ok());
  REQUIRE((*writer)->write("two\n").ok());
  CHECK((*writer)->size() == 8);
  CHECK(store.stat(address(kTarget)).error().code == Code::NotFound);
  CHECK(fixture.files() == std::vector<std::string>{"z0/b/out/list.json.job-12.partial"});
  CHECK_FALSE(parse_uri(kTarget + ".job-12.partial").ok());

  REQUIRE(store.publish(address(kTarget), "job-12", Publishing::First).ok());
  CHECK(fixture.text_of(kTarget) == "one\ntwo\n");
  CHECK(fixture.files() == std::vector<std::string>{"z0/b/out/list.json"});
}

TEST_CASE("an attempt that goes on finds its bytes and cuts them", "[store][staging]") {
  StoreFixture fixture;
  REQUIRE((*fixture.store->stage(address(kTarget), "job-1-t1"))->write("checkpoint|torn").ok());
  fixture.store = fixture.reopen({.folder = fixture.folder.path() / "store"});
  auto again = fixture.store->stage(address(kTarget), "job-1-t1");
  REQUIRE(again.ok());
  CHECK((*again)->size() == 15);
  REQUIRE((*again)->truncate(11).ok());
  REQUIRE((*again)->write("rest").ok());
  REQUIRE(fixture.store->publish(address(kTarget), "job-1-t1", Publishing::First).ok());
  CHECK(fixture.text_of(kTarget) == "checkpoint|rest");
}

TEST_CASE("a staged object is not made longer than it is", "[store][staging]") {
  StoreFixture fixture;
  auto writer = fixture.store->stage(address(kTarget), "job-1");
  REQUIRE((*writer)->write("abc").ok());
  CHECK((*writer)->truncate(4).error().code == Code::DataInvalid);
  CHECK((*writer)->truncate(3).ok());
  CHECK((*writer)->truncate(0).ok());
  CHECK((*writer)->size() == 0);
}

TEST_CASE("publishing again is no error, publishing nothing is", "[store][staging]") {
  StoreFixture fixture;
  auto& store = *fixture.store;
  CHECK(store.publish(address(kTarget), "job-1", Publishing::Again).error().code == Code::NotFound);
  REQUIRE((*store.stage(address(kTarget), "job-1"))->write("x").ok());
  REQUIRE(store.publish(address(kTarget), "job-1", Publishing::First).ok());
  REQUIRE(store.publish(address(kTarget), "job-1", Publishing::Again).ok());
  CHECK(fixture.text_of(kTarget) == "x");
}

TEST_CASE("an older object is no output of an attempt whose stage is gone", "[store][staging]") {
  StoreFixture fixture;
  auto& store = *fixture.store;
  REQUIRE(store.put(address(kTarget), "last week's").ok());
  const auto check = [&] {
    return store.check_publish(address(kTarget), "job-1-t1", Publishing::First);
  };
  CHECK(check().error().code == Code::DataInvalid);
  CHECK(store.publish(address(kTarget), "job-1-t1", Publishing::First).error().code ==
        Code::DataInvalid);
  REQUIRE((*store.stage(address(kTarget), "job-1-t1"))->write("this week's").ok());
  CHECK(check().ok());
  REQUIRE(store.discard(address(kTarget), "job-1-t1").ok());
  CHECK(store.publish(address(kTarget), "job-1-t1", Publishing::First).error().code ==
        Code::DataInvalid);
  CHECK(fixture.text_of(kTarget) == "last week's");
}

TEST_CASE("what keeps an output from being published is told before", "[store][staging]") {
  StoreFixture fixture;
  auto& store = *fixture.store;
  const auto target = fixture.folder.path() / "store/z0/b/out/list.json";
  REQUIRE((*store.stage(address(kTarget), "job-1-t1"))->write("x").ok());
  const auto check = [&] {
    return store.check_publish(address(kTarget), "job-1-t1", Publishing::First);
  };
  REQUIRE(check().ok());
  SECTION("a folder has its name") {
    std::filesystem::create_directories(target / "inner");
    CHECK(check().error().code == Code::Conflict);
  }
  SECTION("a pipe has its name") {
    REQUIRE(::mkfifo(target.c_str(), 0600) == 0);
    CHECK(check().error().code == Code::InvalidArgument);
  }
  SECTION("the folder may not be written") {
    if (::geteuid() == 0) return;
    std::filesystem::permissions(target.parent_path(), std::filesystem::perms{0500});
    CHECK(check().error().code == Code::Io);
    std::filesystem::permissions(target.parent_path(), std::filesystem::perms{0700});
  }
  SECTION("the object may not be replaced") {
    REQUIRE(store.put(address(kTarget), "fixed").ok());
    const auto set = [&](const char* flag) {
      return std::system(("chattr " + (flag + (' ' + target.string())) + " 2>/dev/null").c_str()) ==
             0;
    };
    if (!set("+i")) return;  // the file system, or the right to do it, is missing
    const auto found = check();
    REQUIRE(set("-i"));
    CHECK(found.error().code == Code::Io);
    CHECK(check().ok());
  }
}

TEST_CASE("the stages of two jobs do not meet", "[store][staging]") {
  StoreFixture fixture;
  auto& store = *fixture.store;
  auto one = store.stage(address(kTarget), "job-1");
  auto two = store.stage(address(kTarget), "job-2");
  REQUIRE((*one)->write("one").ok());
  REQUIRE((*two)->write("two").ok());
  REQUIRE(store.publish(address(kTarget), "job-2", Publishing::First).ok());
  CHECK(fixture.text_of(kTarget) == "two");
  REQUIRE(store.discard(address(kTarget), "job-1").ok());
  REQUIRE(store.discard(address(kTarget), "job-1").ok());
  CHECK(fixture.files() == std::vector<std::string>{"z0/b/out/list.json"});
}

TEST_CASE("publishing syncs the bytes before the name and the folder after it",
          "[store][staging]") {
  StoreFixture fixture;
  REQUIRE((*fixture.store->stage(address(kTarget), "job-1"))->write("x").ok());
  fixture.script.done.clear();
  REQUIRE(fixture.store->publish(address(kTarget), "job-1", Publishing::First).ok());
  const std::string partial = "z0/b/out/list.json.job-1.partial";
  REQUIRE(fixture.script.done.size() == 4);
  CHECK(fixture.script.done.back().starts_with("remove .stages/job-1."));
  fixture.script.done.pop_back();
  CHECK(fixture.script.done == std::vector<std::string>{"sync file " + partial,
                                                        "rename " + partial + " z0/b/out/list.json",
                                                        "sync folder z0/b/out"});
}

TEST_CASE("putting neither syncs nor looks first", "[store][staging]") {
  StoreFixture fixture;
  REQUIRE(fixture.store->put(address(kTarget), "x").ok());
  REQUIRE(fixture.script.done.size() == 3);
  CHECK(fixture.script.done[0].find("create .put/") == 0);
  CHECK(fixture.script.done[1].find("append ") == 0);
  CHECK(fixture.script.done[2].find("rename ") == 0);
}

TEST_CASE("an owner is a plain word", "[store][staging]") {
  StoreFixture fixture;
  for (const auto& owner : {std::string{}, std::string{"../x"}, std::string{"a/b"},
                            std::string{"a b"}, std::string{"."}, std::string(65, 'o')}) {
    INFO(owner);
    CHECK(fixture.store->stage(address(kTarget), owner).error().code == Code::InvalidArgument);
    CHECK(fixture.store->publish(address(kTarget), owner, Publishing::First).error().code ==
          Code::InvalidArgument);
    CHECK(fixture.store->discard(address(kTarget), owner).error().code == Code::InvalidArgument);
  }
  CHECK(fixture.files().empty());
}

TEST_CASE("nothing is staged at an address that is only read", "[store][staging]") {
  StoreFixture fixture;
  const auto uri = address("http://example.com/x");
  CHECK(fixture.store->stage(uri, "job-1").error().detail == "uri_scheme");
  CHECK(fixture.store->put(uri, "x").error().detail == "uri_scheme");
  CHECK(fixture.store->remove(uri).error().detail == "uri_scheme");
  CHECK(fixture.store->check("http://example.com/x", {}, true).error().detail == "uri_scheme");
  CHECK(fixture.store->check("http://example.com/x", {}, false).ok());
}

TEST_CASE("a long name keeps its beginning and stays apart from its neighbour",
          "[store][staging]") {
  const std::string one = "f/" + std::string(255, 'x'), two = "f/" + std::string(254, 'x') + 'y';
  const auto a = detail::partial_name(one, "job-1"), b = detail::partial_name(two, "job-1");
  CHECK(a != b);
  CHECK(a.size() == 2 + 255);
  CHECK(a.substr(0, 100) == one.substr(0, 100));
  CHECK(detail::partial_name("k", "o") == "k.o.partial");
}
