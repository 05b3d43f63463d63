#include <cerrno>
#include <cstring>

#include <catch2/catch.hpp>

#include "tests/engine_store/store_fixture.hpp"

#include <sys/mount.h>

using namespace millrace;
using namespace millrace::test;
namespace fs = std::filesystem;

namespace {

// A file system of 256 KiB, when the machine lets us mount one.
class SmallFileSystem {
 public:
  explicit SmallFileSystem(fs::path folder) : folder_{std::move(folder)} {
    fs::create_directories(folder_);
    is_mounted_ = ::mount("tmpfs", folder_.c_str(), "tmpfs", 0, "size=256k") == 0;
    if (!is_mounted_)
      WARN("skipped: no small file system can be mounted: " << std::strerror(errno));
  }
  SmallFileSystem(const SmallFileSystem&) = delete;
  SmallFileSystem& operator=(const SmallFileSystem&) = delete;
  ~SmallFileSystem() {
    if (is_mounted_) ::umount2(folder_.c_str(), MNT_DETACH);
  }

  [[nodiscard]] bool is_mounted() const { return is_mounted_; }
  bool make_read_only() {
    return ::mount(nullptr, folder_.c_str(), nullptr, MS_REMOUNT | MS_RDONLY, nullptr) == 0;
  }

 private:
  fs::path folder_;
  bool is_mounted_ = false;
};

}  // namespace

TEST_CASE("a full disk is said so, keeps what was there and leaves no half object",
          "[store][fault]") {
  StoreFixture fixture;
  auto& store = *fixture.store;
  REQUIRE(store.put(address("qiniu:///z0/b/k"), "old").ok());
  fixture.script.room = 10;
  const auto error = store.put(address("qiniu:///z0/b/k"), std::string(11, 'n')).error();
  CHECK(error.code == Code::Exhausted);
  CHECK(fixture.text_of("qiniu:///z0/b/k") == "old");
  CHECK(fixture.files() == std::vector<std::string>{"z0/b/k"});

  fixture.script.room = 1'000;
  auto writer = store.stage(address("qiniu:///z0/b/staged"), "job-1");
  fixture.script.room = 10;
  REQUIRE((*writer)->write("12345678").ok());
  CHECK((*writer)->write("more than that").error().code == Code::Exhausted);
  CHECK((*writer)->size() == 8);
  fixture.script.room = 100;
  REQUIRE((*writer)->write("more").ok());
  REQUIRE(store.publish(address("qiniu:///z0/b/staged"), "job-1", Publishing::First).ok());
  CHECK(fixture.text_of("qiniu:///z0/b/staged") == "12345678more");
}

TEST_CASE("a disk that breaks during a put leaves nothing behind", "[store][fault]") {
  StoreFixture fixture;
  for (const auto* operation : {"create", "append", "rename"}) {
    INFO(operation);
    fixture.script.failing = operation;
    CHECK(fixture.store->put(address("qiniu:///z0/b/k"), "x").error().code == Code::Io);
    CHECK(fixture.files().empty());
  }
}

TEST_CASE("a publish that breaks can be done again", "[store][fault]") {
  StoreFixture fixture;
  const auto uri = address("qiniu:///z0/b/k");
  REQUIRE((*fixture.store->stage(uri, "job-1"))->write("x").ok());
  for (const auto* operation : {"check", "sync file", "rename", "sync folder"}) {
    INFO(operation);
    fixture.script.failing = operation;
    CHECK(fixture.store->publish(uri, "job-1", Publishing::First).error().code == Code::Io);
  }
  fixture.script.failing = "sync folder";  // the name is there now; whether it lasts is not known
  CHECK(fixture.store->publish(uri, "job-1", Publishing::Again).error().code == Code::Io);
  fixture.script.failing.clear();
  REQUIRE(fixture.store->publish(uri, "job-1", Publishing::Again).ok());
  CHECK(fixture.text_of(uri.text) == "x");
}

TEST_CASE("a real full disk is said so and leaves no half object", "[store][fault]") {
  const TemporaryFolder folder;
  SmallFileSystem small{folder.path() / "small"};
  if (!small.is_mounted()) return;
  const auto store = *Store::open({.folder = folder.path() / "small/store"});
  REQUIRE(store->put(address("qiniu:///z0/b/first"), std::string(100'000, 'a')).ok());

  const auto error = store->put(address("qiniu:///z0/b/second"), std::string(400'000, 'b')).error();
  CHECK(error.code == Code::Exhausted);
  CHECK(error.message.find("the disk is full; free some space") != std::string::npos);
  CHECK(store->stat(address("qiniu:///z0/b/second")).error().code == Code::NotFound);

  auto writer = store->stage(address("qiniu:///z0/b/list"), "job-1");
  REQUIRE((*writer)->write(std::string(50'000, 'c')).ok());
  CHECK((*writer)->write(std::string(400'000, 'd')).error().code == Code::Exhausted);
  CHECK((*writer)->size() == 50'000);
  CHECK(fs::file_size(folder.path() / "small/store/z0/b/list.job-1.partial") == 50'000);
  REQUIRE(store->remove(address("qiniu:///z0/b/first")).ok());
  REQUIRE((*writer)->write(std::string(100'000, 'e')).ok());
  REQUIRE(store->publish(address("qiniu:///z0/b/list"), "job-1", Publishing::First).ok());
  CHECK(store->stat(address("qiniu:///z0/b/list"))->size_bytes == 150'000);
}

TEST_CASE("a disk that cannot be written is said so", "[store][fault]") {
  const TemporaryFolder folder;
  SmallFileSystem small{folder.path() / "small"};
  if (!small.is_mounted()) return;
  auto store = *Store::open({.folder = folder.path() / "small/store"});
  REQUIRE(store->put(address("qiniu:///z0/b/k"), "x").ok());
  store.reset();  // its lock is open for writing, which a file system that is to be read-only
                  // refuses
  REQUIRE(small.make_read_only());
  store = *Store::open({.folder = folder.path() / "small/store"});
  const auto error = store->put(address("qiniu:///z0/b/k"), "y").error();
  CHECK(error.code == Code::Io);
  CHECK(error.message.find("mounted read-only") != std::string::npos);
  CHECK(store->stat(address("qiniu:///z0/b/k"))->size_bytes == 1);
  const auto unopened = Store::open({.folder = folder.path() / "small/other"});
  REQUIRE_FALSE(unopened.ok());
  CHECK(unopened.error().message.find("open store: ") == 0);
  CHECK(unopened.error().message.find("mounted read-only") != std::string::npos);
}

TEST_CASE("a store whose folder is a file does not open", "[store][fault]") {
  const TemporaryFolder folder;
  write_file(folder.path() / "file", "");
  CHECK_FALSE(Store::open({.folder = folder.path() / "file"}).ok());
  CHECK_FALSE(Store::open({.folder = folder.path() / "file/below"}).ok());
}
