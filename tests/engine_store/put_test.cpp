#include <csignal>
#include <functional>
#include <unistd.h>

#include <catch2/catch.hpp>

#include "tests/engine_store/store_fixture.hpp"

#include <sys/wait.h>

using namespace millrace;
using namespace millrace::test;

namespace {

const std::string kTarget = "qiniu:///z0/b/deep/one.json";

// Opens the fixture's folder a second time, on a disk that calls `before` ahead of each rename.
std::unique_ptr<Store> open_beside(const StoreFixture& fixture, std::function<void()> before) {
  class WatchedDisk final : public Disk {
   public:
    WatchedDisk(std::unique_ptr<Disk> disk, std::function<void()> before)
        : disk_{std::move(disk)}, before_{std::move(before)} {}

    Result<std::unique_ptr<ReadableFile>> open(std::string_view name) override {
      return disk_->open(name);
    }
    Result<std::unique_ptr<WritableFile>> create(std::string_view name, bool keep) override {
      return disk_->create(name, keep);
    }
    Result<void> rename(std::string_view from, std::string_view to) override {
      before_();
      return disk_->rename(from, to);
    }
    Result<void> make_folder(std::string_view name) override { return disk_->make_folder(name); }
    Result<void> remove_folder(std::string_view name) override {
      return disk_->remove_folder(name);
    }
    Result<void> link(std::string_view from, std::string_view to) override {
      return disk_->link(from, to);
    }
    Result<std::unique_ptr<DiskLock>> try_lock(std::string_view name) override {
      return disk_->try_lock(name);
    }
    Result<void> remove(std::string_view name) override { return disk_->remove(name); }
    Result<Entry> stat(std::string_view name) override { return disk_->stat(name); }
    Result<std::vector<Entry>> list(std::string_view folder, std::vector<Other>* others) override {
      return disk_->list(folder, others);
    }
    Result<std::string> identify(std::string_view name) override { return disk_->identify(name); }
    Result<void> check_replace(std::string_view name) override {
      return disk_->check_replace(name);
    }
    Result<void> sync_file(std::string_view name) override { return disk_->sync_file(name); }
    Result<void> sync_folder(std::string_view folder) override {
      return disk_->sync_folder(folder);
    }
    std::string describe() const override { return disk_->describe(); }

   private:
    std::unique_ptr<Disk> disk_;
    std::function<void()> before_;
  };

  auto opened = Store::open({.folder = fixture.folder.path() / "store"}, [&](const auto& path,
                                                                             DiskOwner owner) {
    auto disk = open_disk(path, owner);
    if (!disk.ok()) return disk;
    return Result<std::unique_ptr<Disk>>{std::make_unique<WatchedDisk>(*std::move(disk), before)};
  });
  REQUIRE(opened.ok());
  return *std::move(opened);
}

std::size_t count_locks(const StoreFixture& fixture) {
  std::size_t locks = 0;
  for (const auto& entry :
       std::filesystem::directory_iterator{fixture.folder.path() / "store/.put"}) {
    if (entry.path().extension() == ".lock") ++locks;
  }
  return locks;
}

}  // namespace

TEST_CASE("what a put leaves that was killed goes when the store is opened again", "[store][put]") {
  StoreFixture fixture;
  REQUIRE(fixture.store->put(address(kTarget), "old").ok());
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    try {
      const auto store = open_beside(fixture, [] { ::raise(SIGKILL); });
      static_cast<void>(store->put(address(kTarget), "new"));
    } catch (...) {  // a failed check is not to run the other tests twice
    }
    ::_exit(1);
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  REQUIRE((WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL));
  REQUIRE(fixture.files().size() == 2);
  CHECK(fixture.files().front().find(".put/") == 0);
  CHECK(count_locks(fixture) == 2);

  const auto again = fixture.reopen({.folder = fixture.folder.path() / "store"});
  CHECK(fixture.files() == std::vector<std::string>{"z0/b/deep/one.json"});
  CHECK(count_locks(fixture) == 1);  // of the store that lives
  CHECK(fixture.text_of(kTarget) == "old");
}

TEST_CASE("opening a store leaves alone what another one is putting", "[store][put]") {
  StoreFixture fixture;
  std::vector<std::string> seen;
  const auto store = open_beside(fixture, [&] {
    const auto third = fixture.reopen({.folder = fixture.folder.path() / "store"});
    seen = fixture.files();
  });
  REQUIRE(store->put(address(kTarget), "bytes").ok());
  REQUIRE(seen.size() == 1);
  CHECK(seen.front().ends_with("-0.partial"));
  CHECK(fixture.text_of(kTarget) == "bytes");
}

TEST_CASE("a store that is closed leaves nothing of its puts", "[store][put]") {
  StoreFixture fixture;
  REQUIRE(fixture.store->put(address(kTarget), "bytes").ok());
  CHECK(count_locks(fixture) == 1);
  fixture.store.reset();
  CHECK(count_locks(fixture) == 0);
}

TEST_CASE("what is put into a file address lies beside it until it is whole", "[store][put]") {
  StoreFixture fixture;
  const auto file = fixture.folder.path() / "apart/one.txt";
  const auto uri = fixture.store->check("file://" + file.string(), {.any_file = true}, true);
  REQUIRE(uri.ok());
  fixture.script.done.clear();
  REQUIRE(fixture.store->put(*uri, "bytes").ok());
  REQUIRE(fixture.script.done.size() == 3);
  CHECK(fixture.script.done.front().find("/apart/one.txt.put-") != std::string::npos);
  CHECK(std::filesystem::file_size(file) == 5);
}

TEST_CASE("a bucket on another file system is put into all the same", "[store][put]") {
  StoreFixture fixture;
  fixture.script.refuses_moves = true;
  REQUIRE(fixture.store->put(address(kTarget), "bytes").ok());
  CHECK(fixture.text_of(kTarget) == "bytes");
  CHECK(fixture.files() == std::vector<std::string>{"z0/b/deep/one.json"});
}

TEST_CASE("what is put becomes visible only when whoever asks may still do that", "[store][put]") {
  StoreFixture fixture;
  const Uri uri = address(kTarget);
  REQUIRE(fixture.store->put(uri, "first").ok());
  const auto refused = fixture.store->put(uri, "second", []() -> Result<void> {
    return Error{Code::Cancelled, "not any more"};
  });
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.error().code == Code::Cancelled);
  CHECK(fixture.text_of(kTarget) == "first");
  CHECK(fixture.files().size() == 1);
  REQUIRE(fixture.store->put(uri, "third", []() -> Result<void> { return {}; }).ok());
  CHECK(fixture.text_of(kTarget) == "third");
}
