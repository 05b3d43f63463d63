#include "engine/store/unsynced_files.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <future>
#include <thread>

#include <catch2/catch.hpp>

#include "tests/engine_store/store_fixture.hpp"

using namespace millrace;
using namespace millrace::test;
using namespace std::chrono_literals;

namespace {

Uri object(int number) { return address("qiniu:///z0/b/out/" + std::to_string(number)); }

std::size_t count(DiskScript& script, std::string_view operation) {
  const std::lock_guard lock{script.mutex};
  return static_cast<std::size_t>(
      std::count_if(script.done.begin(), script.done.end(),
                    [&](const std::string& done) { return done.starts_with(operation); }));
}

}  // namespace

TEST_CASE("a run's files are synced with their folders, and nobody else's", "[store][unsynced]") {
  StoreFixture fixture;
  UnsyncedFiles mine, others;
  for (int i = 0; i < 3; ++i) REQUIRE(fixture.store->put(object(i), "x", {}, &mine).ok());
  REQUIRE(fixture.store->put(object(3), "x", {}, &others).ok());
  REQUIRE(fixture.store->put(object(4), "x").ok());
  CHECK(count(fixture.script, "begin sync") == 4);
  CHECK(count(fixture.script, "sync file") == 0);
  REQUIRE(mine.sync().ok());
  CHECK(count(fixture.script, "sync file") == 3);
  CHECK(count(fixture.script, "sync folder z0/b/out") == 1);
  REQUIRE(mine.sync().ok());
  CHECK(count(fixture.script, "sync file") == 3);
  REQUIRE(others.sync().ok());
  CHECK(count(fixture.script, "sync file") == 4);
}

TEST_CASE("many files are synced as they come", "[store][unsynced]") {
  StoreFixture fixture;
  UnsyncedFiles files;
  constexpr int kCount = 2 * UnsyncedFiles::kMaxFiles + 1;
  for (int i = 0; i < kCount; ++i) {
    REQUIRE(fixture.store->put(object(i), "x", {}, &files).ok());
    CHECK(count(fixture.script, "sync file") ==
          (static_cast<std::size_t>(i) + 1) / UnsyncedFiles::kMaxFiles * UnsyncedFiles::kMaxFiles);
  }
  REQUIRE(files.sync().ok());
  CHECK(count(fixture.script, "sync file") == kCount);
}

TEST_CASE("large files are synced as they come", "[store][unsynced]") {
  StoreFixture fixture;
  UnsyncedFiles files;
  const std::string half(UnsyncedFiles::kMaxBytes / 2, 'x');
  REQUIRE(fixture.store->put(object(1), half, {}, &files).ok());
  CHECK(count(fixture.script, "sync file") == 0);
  REQUIRE(fixture.store->put(object(2), half, {}, &files).ok());
  CHECK(count(fixture.script, "sync file") == 2);
}

TEST_CASE("each run learns that the device has lost its bytes, and keeps knowing it",
          "[store][unsynced]") {
  StoreFixture fixture;
  UnsyncedFiles one, two, later;
  REQUIRE(fixture.store->put(object(1), "x", {}, &one).ok());
  REQUIRE(fixture.store->put(object(2), "x", {}, &two).ok());
  fixture.script.failing = GENERATE("sync file", "sync folder");
  CHECK(one.sync().error().code == Code::Io);
  CHECK(two.sync().error().code == Code::Io);
  fixture.script.failing.clear();
  CHECK(one.sync().error().code == Code::Io);
  CHECK(two.sync().error().code == Code::Io);
  CHECK(fixture.store->put(object(3), "x", {}, &one).error().code == Code::Io);
  REQUIRE(fixture.store->put(object(3), "x", {}, &later).ok());
  CHECK(later.sync().ok());
}

TEST_CASE("a failure of one file does not keep the others from being synced", "[store][unsynced]") {
  // The first file's sync fails, as a device tells of it once.
  class Broken final : public WritableFile {
   public:
    Result<void> append(std::string_view) override { return {}; }
    Result<void> truncate(std::uint64_t) override { return {}; }
    Result<void> sync() override { return Error{Code::Io, "lost"}; }
    std::uint64_t size() const override { return 1; }
  };
  StoreFixture fixture;
  UnsyncedFiles files;
  const auto disk = open_disk(fixture.folder.path(), DiskOwner::Others);
  REQUIRE(files.add(**disk, "", std::make_unique<Broken>()).ok());
  REQUIRE(fixture.store->put(object(1), "x", {}, &files).ok());
  CHECK(files.sync().error().message == "lost");
  CHECK(count(fixture.script, "sync file") == 1);
  CHECK(count(fixture.script, "sync folder z0/b/out") == 1);
}

TEST_CASE("a sync waits for what another thread is syncing already", "[store][unsynced]") {
  class Plain final : public WritableFile {
   public:
    Result<void> append(std::string_view) override { return {}; }
    Result<void> truncate(std::uint64_t) override { return {}; }
    Result<void> sync() override { return {}; }
    std::uint64_t size() const override { return 1; }
  };
  class Slow final : public WritableFile {
   public:
    Slow(std::promise<void>& begun, std::future<void> go, std::atomic<bool>& ended)
        : begun_{begun}, go_{std::move(go)}, ended_{ended} {}
    Result<void> append(std::string_view) override { return {}; }
    Result<void> truncate(std::uint64_t) override { return {}; }
    Result<void> sync() override {
      begun_.set_value();
      go_.wait();
      ended_ = true;
      return Error{Code::Io, "lost"};
    }
    std::uint64_t size() const override { return 1; }

   private:
    std::promise<void>& begun_;
    std::future<void> go_;
    std::atomic<bool>& ended_;
  };
  const TemporaryFolder folder;
  const auto disk = open_disk(folder.path(), DiskOwner::Others);
  UnsyncedFiles files;
  std::promise<void> begun, go, returned;
  std::atomic<bool> ended{false}, first_failed{false}, second_failed{false}, saw_end{false};
  REQUIRE(files.add(**disk, "", std::make_unique<Slow>(begun, go.get_future(), ended)).ok());
  {
    const std::jthread first{[&] { first_failed = !files.sync().ok(); }};
    begun.get_future().wait();
    CHECK(files.add(**disk, "", std::make_unique<Plain>()).ok());  // a sync holds up nobody else
    const std::jthread second{[&] {
      second_failed = !files.sync().ok();
      saw_end = ended.load();
      returned.set_value();
    }};
    // It has nothing else to wait for.
    CHECK(returned.get_future().wait_for(200ms) == std::future_status::timeout);
    go.set_value();
  }
  CHECK(first_failed);
  CHECK(second_failed);
  CHECK(saw_end);
}

TEST_CASE("files are put while others sync", "[store][unsynced]") {
  StoreFixture fixture;
  UnsyncedFiles files;
  std::atomic<int> failed{0};
  constexpr int kThreads = 4, kEach = 100;
  std::vector<Uri> objects;  // made here: an assertion is made on this thread
  for (int i = 0; i < kThreads * kEach; ++i) objects.push_back(object(i));
  {
    std::vector<std::jthread> threads;
    for (int thread = 0; thread < kThreads; ++thread) {
      threads.emplace_back([&, thread] {
        for (int i = 0; i < kEach; ++i) {
          const Uri& put = objects[static_cast<std::size_t>(thread * kEach + i)];
          if (!fixture.store->put(put, "x", {}, &files).ok()) ++failed;
          if (i % 10 == thread && !files.sync().ok()) ++failed;
        }
      });
    }
  }
  REQUIRE(files.sync().ok());
  CHECK(failed == 0);
  CHECK(count(fixture.script, "sync file") == kThreads * kEach);
}
