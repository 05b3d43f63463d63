#include <atomic>
#include <thread>

#include <catch2/catch.hpp>

#include "engine/store/stage_register.hpp"
#include "tests/engine_store/store_fixture.hpp"

#include <sys/stat.h>

using namespace millrace;
using namespace millrace::test;

namespace {

using Writer = Inheritance::Writer;

const std::string kTarget = "qiniu:///z0/b/out/list.json";
const std::string kFirst = "z0/b/out/list.json.job-7-t1.partial";
const std::string kSecond = "z0/b/out/list.json.job-7-t2.partial";

void stage(Store& store, std::string_view uri, std::string_view owner, std::string_view bytes) {
  auto writer = store.stage(address(uri), owner);
  REQUIRE(writer.ok());
  REQUIRE((*writer)->write(bytes).ok());
}

std::string bytes_of(const StoreFixture& fixture, const std::string& name) {
  return read_file(fixture.folder.path() / "store" / name);
}

ino_t inode_of(const StoreFixture& fixture, const std::string& name) {
  struct stat status {};
  REQUIRE(::stat((fixture.folder.path() / "store" / name).c_str(), &status) == 0);
  return status.st_ino;
}

Inheritance second(Writer writer) {
  return {.from = "job-7-t1", .to = "job-7-t2", .writer = writer};
}

}  // namespace

TEST_CASE("a writer that may live writes nothing into the stage of the next attempt",
          "[store][inherit]") {
  StoreFixture fixture;
  auto& store = *fixture.store;
  auto stale = store.stage(address(kTarget), "job-7-t1");
  REQUIRE((*stale)->write("checkpoint|torn").ok());
  REQUIRE(store.inherit(address(kTarget), second(Writer::MayLive)).ok());
  CHECK(inode_of(fixture, kFirst) != inode_of(fixture, kSecond));

  auto fresh = store.stage(address(kTarget), "job-7-t2");
  CHECK((*fresh)->size() == 15);
  REQUIRE((*fresh)->truncate(11).ok());
  REQUIRE((*stale)->write("|stale").ok());
  REQUIRE((*fresh)->write("rest").ok());
  REQUIRE(store.publish(address(kTarget), "job-7-t2", Publishing::First).ok());
  REQUIRE((*stale)->truncate(0).ok());
  REQUIRE((*stale)->write("stale").ok());
  CHECK(fixture.text_of(kTarget) == "checkpoint|rest");
}

TEST_CASE("the stage of a dead writer is taken as it is, and keeps its old name",
          "[store][inherit]") {
  StoreFixture fixture;
  stage(*fixture.store, kTarget, "job-7-t1", "checkpoint|torn");
  REQUIRE(fixture.store->inherit(address(kTarget), second(Writer::Dead)).ok());
  CHECK(inode_of(fixture, kFirst) == inode_of(fixture, kSecond));
  REQUIRE(fixture.store->discard(address(kTarget), "job-7-t1").ok());
  CHECK(bytes_of(fixture, kSecond) == "checkpoint|torn");
}

TEST_CASE("inheriting a stage again does no harm, wherever it was cut short", "[store][inherit]") {
  const auto writer = GENERATE(Writer::MayLive, Writer::Dead);
  const auto* const broken = GENERATE("create", "append", "sync file", "sync folder", "link");
  INFO(broken);
  StoreFixture fixture;
  auto& store = *fixture.store;
  const std::string bytes(100'000, 'x');
  stage(store, kTarget, "job-7-t1", bytes);
  fixture.script.failing = broken;
  [[maybe_unused]] const auto cut = store.inherit(address(kTarget), second(writer));
  fixture.script.failing.clear();
  for (int i = 0; i < 2; ++i) {
    REQUIRE(store.inherit(address(kTarget), second(writer)).ok());
    CHECK(bytes_of(fixture, kFirst) == bytes);
    CHECK(bytes_of(fixture, kSecond) == bytes);
  }
  // The row names the second attempt now, and the first one's stage is gone.
  REQUIRE(store.discard(address(kTarget), "job-7-t1").ok());
  REQUIRE(store.inherit(address(kTarget), second(writer)).ok());
  CHECK(bytes_of(fixture, kSecond) == bytes);
}

TEST_CASE("a copy never goes into the file that it is made from", "[store][inherit]") {
  StoreFixture fixture;
  auto& store = *fixture.store;
  stage(store, kTarget, "job-7-t1", "all of it");
  REQUIRE(store.inherit(address(kTarget), second(Writer::Dead)).ok());
  REQUIRE(store.inherit(address(kTarget), second(Writer::MayLive)).ok());
  CHECK(inode_of(fixture, kFirst) != inode_of(fixture, kSecond));
  CHECK(bytes_of(fixture, kFirst) == "all of it");
  CHECK(bytes_of(fixture, kSecond) == "all of it");
  REQUIRE(store.inherit(address(kTarget), {.from = "job-7-t2", .to = "job-7-t2"}).ok());
  CHECK(bytes_of(fixture, kSecond) == "all of it");
}

TEST_CASE("a file system without links has the stage copied", "[store][inherit]") {
  StoreFixture fixture;
  stage(*fixture.store, kTarget, "job-7-t1", "all of it");
  fixture.script.failing = "link";
  REQUIRE(fixture.store->inherit(address(kTarget), second(Writer::Dead)).ok());
  CHECK(inode_of(fixture, kFirst) != inode_of(fixture, kSecond));
  CHECK(bytes_of(fixture, kSecond) == "all of it");
}

TEST_CASE("a long copy asks between its steps whether to stop", "[store][inherit]") {
  StoreFixture fixture;
  auto& store = *fixture.store;
  const std::string bytes(20u << 20, 'x');
  stage(store, kTarget, "job-7-t1", bytes);
  int asked = 0;
  auto inheritance = second(Writer::MayLive);
  inheritance.stopping = [&asked] { return ++asked == 2; };
  CHECK(store.inherit(address(kTarget), inheritance).error().code == Code::Cancelled);
  CHECK(bytes_of(fixture, kSecond).size() == 8u << 20);
  inheritance.stopping = [&asked] { return ++asked == 0; };
  REQUIRE(store.inherit(address(kTarget), inheritance).ok());
  CHECK(asked == 2 + 3);
  CHECK(bytes_of(fixture, kSecond) == bytes);
}

TEST_CASE("a copy of a stage that is being written is a beginning of it", "[store][inherit]") {
  StoreFixture fixture;
  auto& store = *fixture.store;
  auto stale = store.stage(address(kTarget), "job-7-t1");
  std::atomic<bool> stop{false}, failed{false};
  std::atomic<int> written{0};
  {
    const std::jthread writer{[&] {
      for (int i = 0; !stop; ++i) {
        if (!(*stale)->write(std::string(1'000, static_cast<char>('a' + i % 26))).ok())
          failed = true;
        ++written;
      }
    }};
    while (written < 100) std::this_thread::yield();
    const auto inherited = store.inherit(address(kTarget), second(Writer::MayLive));
    stop = true;
    REQUIRE(inherited.ok());
  }
  CHECK_FALSE(failed);
  const auto one = bytes_of(fixture, kFirst), two = bytes_of(fixture, kSecond);
  CHECK(two.size() >= 100'000);
  CHECK(one.compare(0, two.size(), two) == 0);
}

TEST_CASE("a stage that is not there is inherited by nobody", "[store][inherit]") {
  StoreFixture fixture;
  CHECK(fixture.store->inherit(address(kTarget), second(Writer::MayLive)).error().code ==
        Code::NotFound);
  CHECK(fixture.files().empty());
  CHECK(fixture.store->inherit(address(kTarget), {.from = "../x", .to = "job-7-t2"}).error().code ==
        Code::InvalidArgument);
}

TEST_CASE("the stages of a job are discarded but for those of an attempt and of later ones",
          "[store][inherit]") {
  StoreFixture fixture;
  auto& store = *fixture.store;
  const auto file = fixture.folder.path() / "apart/list.json";
  const auto apart = store.check("file://" + file.string(), {.any_file = true}, true);
  REQUIRE(apart.ok());
  for (const auto* owner : {"job-7-t1", "job-7-t2", "job-71-t1", "job-7-t10"}) {
    stage(store, kTarget, owner, owner);
    REQUIRE(store.stage(*apart, owner).ok());
  }
  // A name without its stage, as a crash leaves it between the two.
  REQUIRE(store.discard(address(kTarget), "job-7-t1").ok());
  std::filesystem::remove(file.string() + ".job-7-t1.partial");

  REQUIRE(store.discard_stages(JobId{7}, 10).ok());
  CHECK(fixture.files() == std::vector<std::string>{"z0/b/out/list.json.job-7-t10.partial",
                                                    "z0/b/out/list.json.job-71-t1.partial"});
  CHECK(std::filesystem::exists(file.string() + ".job-7-t10.partial"));
  CHECK_FALSE(std::filesystem::exists(file.string() + ".job-7-t2.partial"));
  CHECK(fixture.notes() == 4);
  REQUIRE(store.discard_stages(JobId{7}, 11).ok());
  REQUIRE(store.discard_stages(JobId{7}, 11).ok());
  CHECK(fixture.files() == std::vector<std::string>{"z0/b/out/list.json.job-71-t1.partial"});
}

TEST_CASE("what ended jobs left staged goes at the start, and nothing else", "[store][inherit]") {
  StoreFixture fixture;
  const auto file = fixture.folder.path() / "apart/list.json";
  const auto apart = fixture.store->check("file://" + file.string(), {.any_file = true}, true);
  for (const auto* owner : {"job-1-t1", "job-1-t2", "job-2-t1", "job-3", "inline-ab-1"}) {
    stage(*fixture.store, kTarget, owner, owner);
    REQUIRE(fixture.store->stage(*apart, owner).ok());
  }
  REQUIRE(fixture.store->publish(address(kTarget), "job-1-t2", Publishing::First).ok());
  fixture.store = fixture.reopen({.folder = fixture.folder.path() / "store"});
  std::vector<std::int64_t> asked;
  const auto is_alive = [&asked](JobId job) -> Result<bool> {
    asked.push_back(job.value);
    return job.value == 2;
  };
  const auto gone = fixture.store->sweep_stages(is_alive);
  REQUIRE(gone.ok());
  CHECK(*gone == 7);
  CHECK(asked == std::vector<std::int64_t>{1, 2, 3});
  CHECK(fixture.files() ==
        std::vector<std::string>{"z0/b/out/list.json", "z0/b/out/list.json.job-2-t1.partial"});
  CHECK_FALSE(std::filesystem::exists(file.string() + ".job-3.partial"));
  CHECK(std::filesystem::exists(file.string() + ".job-2-t1.partial"));
  CHECK(*fixture.store->sweep_stages(is_alive) == 0);
}

TEST_CASE("what runs stage that are no jobs stays as long as their process lives",
          "[store][inherit]") {
  StoreFixture fixture;
  stage(*fixture.store, kTarget, "inline-ab-1", "x");
  stage(*fixture.store, kTarget, "inline-ab-2", "x");
  const auto other = fixture.reopen({.folder = fixture.folder.path() / "store"});
  const auto no_jobs = [](JobId) -> Result<bool> { return false; };
  CHECK(*other->sweep_stages(no_jobs) == 0);
  CHECK(fixture.files().size() == 2);
  REQUIRE(fixture.store->publish(address(kTarget), "inline-ab-2", Publishing::First).ok());
  fixture.store.reset();
  CHECK(*other->sweep_stages(no_jobs) == 1);
  CHECK(fixture.files() == std::vector<std::string>{"z0/b/out/list.json"});
  CHECK(*other->sweep_stages(no_jobs) == 0);
}

TEST_CASE("a sweep that cannot learn whether a job lives removes nothing", "[store][inherit]") {
  StoreFixture fixture;
  stage(*fixture.store, kTarget, "job-1-t1", "x");
  const auto swept = fixture.store->sweep_stages([](JobId) -> Result<bool> {
    return Error{Code::Unavailable, "the catalog is away"};
  });
  CHECK(swept.error().code == Code::Unavailable);
  CHECK(fixture.files().size() == 1);
  CHECK(fixture.notes() == 1);
}

TEST_CASE("a stage that cannot be removed is left for the next sweep, the others go",
          "[store][inherit]") {
  StoreFixture fixture;
  stage(*fixture.store, kTarget, "job-1-t1", "x");
  stage(*fixture.store, "qiniu:///z0/b/other", "job-1-t1", "x");
  const auto dead = [](JobId) -> Result<bool> { return false; };
  fixture.script.failing = "remove";
  CHECK(fixture.store->sweep_stages(dead).error().code == Code::Io);
  CHECK(fixture.notes() == 2);
  fixture.script.failing.clear();
  CHECK(*fixture.store->sweep_stages(dead) == 2);
  CHECK(fixture.files().empty());
  CHECK(fixture.notes() == 0);
}

TEST_CASE("publishing and discarding leave no note behind", "[store][inherit]") {
  StoreFixture fixture;
  stage(*fixture.store, kTarget, "job-1-t1", "x");
  CHECK(fixture.notes() == 1);
  REQUIRE(fixture.store->publish(address(kTarget), "job-1-t1", Publishing::First).ok());
  CHECK(fixture.notes() == 0);
  stage(*fixture.store, kTarget, "job-1-t2", "x");
  REQUIRE(fixture.store->discard(address(kTarget), "job-1-t2").ok());
  CHECK(fixture.notes() == 0);
}

TEST_CASE("an owner's name tells its job", "[store][inherit]") {
  CHECK(detail::job_of_owner("job-12-t3") == JobId{12});
  CHECK(detail::job_of_owner("job-12") == JobId{12});
  for (const auto* other : {"job-", "job-x", "job-12x", "job--1", "job-0-t1", "inline-1-2", "",
                            "put-1", "job-99999999999999999999-t1"}) {
    INFO(other);
    CHECK_FALSE(detail::job_of_owner(other));
  }
}
