#include "engine/base/disk.hpp"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <fcntl.h>
#include <functional>
#include <future>
#include <string>
#include <unistd.h>
#include <vector>

#include <catch2/catch.hpp>

#include "engine/base/beneath.hpp"
#include "tests/engine_base/temporary_folder.hpp"

#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/syscall.h>

using namespace millrace;
using millrace::test::read_file;
using millrace::test::TemporaryFolder;
using millrace::test::write_file;
namespace fs = std::filesystem;

namespace {

std::unique_ptr<Disk> disk_in(const TemporaryFolder& folder) {
  auto disk = open_disk(folder.path() / "disk", DiskOwner::Program);
  REQUIRE(disk.ok());
  return *std::move(disk);
}

std::string text_of(Disk& disk, std::string_view name) {
  auto file = disk.open(name);
  if (!file.ok()) return file.error().message;
  std::string text((*file)->size(), '\0');
  auto got = (*file)->read_at(0, text);
  return got.ok() ? text.substr(0, *got) : got.error().message;
}

void put(Disk& disk, std::string_view name, std::string_view bytes) {
  auto file = disk.create(name);
  REQUIRE(file.ok());
  REQUIRE((*file)->append(bytes).ok());
}

// Called within each fsync() of this thread, which takes as long.
thread_local std::function<void()> during_sync;

}  // namespace

// In the place of the library's, for all of this program.
extern "C" int fsync(int descriptor) {
  if (during_sync) during_sync();
  return static_cast<int>(::syscall(SYS_fsync, descriptor));
}

TEST_CASE("a file is written with its folders and read back", "[base][disk]") {
  const TemporaryFolder folder;
  const auto disk = disk_in(folder);
  put(*disk, "a/b/c.txt", "hello");
  CHECK(text_of(*disk, "a/b/c.txt") == "hello");
  CHECK(read_file(folder.path() / "disk/a/b/c.txt") == "hello");
  auto file = disk->open("a/b/c.txt");
  std::string part(3, '\0');
  CHECK(*(*file)->read_at(3, part) == 2);
  CHECK(part.substr(0, 2) == "lo");
  CHECK(*(*file)->read_at(99, part) == 0);
}

TEST_CASE("a file made again is cut or kept", "[base][disk]") {
  const TemporaryFolder folder;
  const auto disk = disk_in(folder);
  put(*disk, "f", "first");
  auto kept = disk->create("f", true);
  REQUIRE(kept.ok());
  CHECK((*kept)->size() == 5);
  REQUIRE((*kept)->append("+more").ok());
  REQUIRE((*kept)->truncate(7).ok());
  REQUIRE((*kept)->append("!").ok());
  REQUIRE((*kept)->sync().ok());
  CHECK((*kept)->size() == 8);
  CHECK(text_of(*disk, "f") == "first+m!");
  put(*disk, "f", "");
  CHECK(text_of(*disk, "f").empty());
  REQUIRE(disk->sync_folder("").ok());
  REQUIRE(disk->sync_file("f").ok());
  CHECK(disk->sync_file("gone").error().code == Code::NotFound);
}

TEST_CASE("a sync of a folder that takes its time holds up nobody else", "[base][disk]") {
  const TemporaryFolder folder;
  const auto disk = disk_in(folder);
  put(*disk, "a/b/file", "x");
  std::vector<std::future<bool>> others;  // outlive the sync, for which they may wait
  during_sync = [&] {
    const auto place = "c" + std::to_string(others.size()) + "/d";
    others.push_back(std::async(std::launch::async, [&disk, place] {
      return disk->create(place + "/file").ok() && disk->sync_folder(place).ok();
    }));
    CHECK(others.back().wait_for(std::chrono::seconds{10}) == std::future_status::ready);
  };
  CHECK(disk->sync_folder("a/b").ok());
  during_sync = nullptr;
  CHECK(others.size() == 3);  // the folder and the two above it, all new
  for (auto& other : others) CHECK(other.get());
}

TEST_CASE("rename replaces and remove removes a file", "[base][disk]") {
  const TemporaryFolder folder;
  const auto disk = disk_in(folder);
  put(*disk, "a/new", "new");
  put(*disk, "b/old", "old");
  REQUIRE(disk->rename("a/new", "b/old").ok());
  CHECK(text_of(*disk, "b/old") == "new");
  CHECK(disk->open("a/new").error().code == Code::NotFound);
  CHECK(disk->rename("a/new", "b/x").error().code == Code::NotFound);
  REQUIRE(disk->remove("b/old").ok());
  CHECK(disk->remove("b/old").error().code == Code::NotFound);
  CHECK(disk->remove("b").error().code == Code::InvalidArgument);
  CHECK(fs::exists(folder.path() / "disk/b"));
}

TEST_CASE("rename makes the folders above the new name", "[base][disk]") {
  const TemporaryFolder folder;
  const auto disk = disk_in(folder);
  put(*disk, "staged", "x");
  REQUIRE(disk->rename("staged", "a/b/c").ok());
  CHECK(text_of(*disk, "a/b/c") == "x");
  put(*disk, "staged", "y");
  CHECK(disk->rename("staged", "a/b/c/d").error().code == Code::Conflict);
  CHECK(disk->rename("gone", "e/f").error().code == Code::NotFound);
}

TEST_CASE("a link is another name of the same file", "[base][disk]") {
  const TemporaryFolder folder;
  const auto disk = disk_in(folder);
  put(*disk, "a/one", "x");
  REQUIRE(disk->link("a/one", "a/two").ok());
  {
    auto two = disk->create("a/two", true);
    REQUIRE((*two)->append("y").ok());
  }
  CHECK(text_of(*disk, "a/one") == "xy");
  CHECK(disk->link("a/one", "a/two").error().code == Code::Conflict);
  CHECK(disk->link("a/gone", "a/three").error().code == Code::NotFound);
  CHECK(disk->link("a/one", "b/one").error().code == Code::NotFound);
  CHECK(disk->link("a/one", "../one").error().code == Code::InvalidArgument);
  CHECK(disk->link("../one", "a/one").error().code == Code::InvalidArgument);
}

TEST_CASE("a file takes over the bytes of another one, as far as there are any", "[base][disk]") {
  const TemporaryFolder folder;
  const auto disk = disk_in(folder);
  const std::string bytes = std::string(1u << 20, 'a') + std::string(100, 'b');
  put(*disk, "one", bytes);
  const auto source = disk->open("one");
  auto target = disk->create("two");
  REQUIRE((*target)->append("head ").ok());
  CHECK(*(*target)->append_from(**source, 0, 1u << 20) == 1u << 20);
  CHECK(*(*target)->append_from(**source, 1u << 20, 1u << 20) == 100);
  CHECK(*(*target)->append_from(**source, 1u << 21, 5) == 0);
  CHECK((*target)->size() == 5 + bytes.size());
  CHECK(text_of(*disk, "two") == "head " + bytes);

  // What is no file of the kernel is read and written.
  class Letters final : public ReadableFile {
   public:
    Result<std::size_t> read_at(std::uint64_t offset, std::span<char> buffer) override {
      const auto got = std::min<std::uint64_t>(buffer.size(),
                                               300'000 - std::min<std::uint64_t>(offset, 300'000));
      std::fill_n(buffer.begin(), got, 'z');
      return static_cast<std::size_t>(got);
    }
    std::uint64_t size() const override { return 300'000; }
  } letters;
  auto third = disk->create("three");
  CHECK(*(*third)->append_from(letters, 10, 400'000) == 299'990);
  CHECK(text_of(*disk, "three") == std::string(299'990, 'z'));
}

TEST_CASE("a file is locked by one at a time, until the lock is gone", "[base][disk]") {
  const TemporaryFolder folder;
  const auto disk = disk_in(folder), other = disk_in(folder);
  auto lock = disk->try_lock("a/lock");
  REQUIRE(lock.ok());
  REQUIRE(*lock != nullptr);
  const auto second = other->try_lock("a/lock");
  REQUIRE(second.ok());
  CHECK(*second == nullptr);
  lock->reset();
  const auto third = other->try_lock("a/lock");
  REQUIRE(third.ok());
  CHECK(*third != nullptr);
  CHECK(disk->try_lock("../lock").error().code == Code::InvalidArgument);
}

TEST_CASE("a folder is listed by name with sizes", "[base][disk]") {
  const TemporaryFolder folder;
  const auto disk = disk_in(folder);
  put(*disk, "z", "1");
  put(*disk, "B", "22");
  put(*disk, "dir/inner", "333");
  fs::create_symlink("z", folder.path() / "disk/link");
  REQUIRE(::mkfifo((folder.path() / "disk/pipe").c_str(), 0600) == 0);
  const auto top = disk->list("");
  REQUIRE(top.ok());
  REQUIRE(top->size() == 3);
  CHECK((*top)[0].name == "B");
  CHECK((*top)[0].size == 2);
  CHECK((*top)[1].name == "dir");
  CHECK((*top)[1].is_folder);
  CHECK((*top)[2].name == "z");
  CHECK((*top)[2].modified_us > 1'700'000'000'000'000);
  CHECK((*disk->list("dir"))[0].name == "dir/inner");
  CHECK(disk->list("nothing").error().code == Code::NotFound);
  CHECK(disk->list("z").error().code == Code::NotFound);
  CHECK(disk->stat("dir")->is_folder);
  CHECK(disk->stat("dir/inner")->size == 3);
  CHECK(disk->stat("")->is_folder);
}

TEST_CASE("no name leads out of the folder", "[base][disk]") {
  const TemporaryFolder folder;
  write_file(folder.path() / "secret", "secret");
  const auto disk = disk_in(folder);
  using namespace std::string_literals;
  for (const auto& name : {"../secret"s, "/etc/passwd"s, "a/../../secret"s, ".."s, "."s, "./a"s,
                           "a/."s, "a//b"s, "a/"s, "/"s, "a\0b"s, "a/.."s}) {
    INFO(name);
    CHECK(disk->open(name).error().code == Code::InvalidArgument);
    CHECK(disk->create(name).error().code == Code::InvalidArgument);
    CHECK(disk->stat(name).error().code == Code::InvalidArgument);
    CHECK(disk->list(name).error().code == Code::InvalidArgument);
    CHECK(disk->remove(name).error().code == Code::InvalidArgument);
    CHECK(disk->rename(name, "x").error().code == Code::InvalidArgument);
    CHECK(disk->rename("x", name).error().code == Code::InvalidArgument);
  }
  CHECK(disk->open("").error().code == Code::InvalidArgument);
  CHECK(disk->create("").error().code == Code::InvalidArgument);
  put(*disk, "...", "dots");
  put(*disk, "..a/b..", "dots");
  CHECK(text_of(*disk, "..a/b..") == "dots");
}

TEST_CASE("symbolic links are refused wherever they stand", "[base][disk]") {
  const TemporaryFolder folder;
  const auto disk = disk_in(folder);
  write_file(folder.path() / "outside/secret", "secret");
  put(*disk, "real/file", "x");
  const auto inside = folder.path() / "disk";
  fs::create_symlink(folder.path() / "outside", inside / "out");
  fs::create_symlink("../outside/secret", inside / "file");
  fs::create_symlink("real", inside / "near");
  for (const auto* name : {"out/secret", "file", "near/file"}) {
    INFO(name);
    CHECK(disk->open(name).error().code == Code::PermissionDenied);
    CHECK(disk->create(name).error().code == Code::PermissionDenied);
    CHECK(disk->stat(name).error().code == Code::PermissionDenied);
  }
  CHECK(disk->list("out").error().code == Code::PermissionDenied);
  CHECK(disk->create("out/new/file").error().code == Code::PermissionDenied);
  CHECK(disk->rename("real/file", "out/file").error().code == Code::PermissionDenied);
  CHECK(disk->remove("near/file").error().code == Code::PermissionDenied);
  CHECK(read_file(folder.path() / "outside/secret") == "secret");
  CHECK_FALSE(fs::exists(folder.path() / "outside/new"));
}

TEST_CASE("only regular files are opened, and nothing waits for a pipe", "[base][disk]") {
  const TemporaryFolder folder;
  const auto disk = disk_in(folder);
  REQUIRE(::mkfifo((folder.path() / "disk/pipe").c_str(), 0600) == 0);
  fs::create_directory(folder.path() / "disk/dir");
  CHECK(disk->open("pipe").error().message == "open file: not a regular file (pipe)");
  CHECK_FALSE(disk->create("pipe").ok());
  CHECK(disk->stat("pipe").error().code == Code::InvalidArgument);
  CHECK(disk->open("dir").error().code == Code::InvalidArgument);
  CHECK(disk->create("dir").error().code == Code::Conflict);
}

TEST_CASE("a file in the way of a folder is a conflict", "[base][disk]") {
  const TemporaryFolder folder;
  const auto disk = disk_in(folder);
  put(*disk, "a", "file");
  CHECK(disk->create("a/b").error().code == Code::Conflict);
  CHECK(disk->create("a/b/c").error().code == Code::Conflict);
  CHECK(disk->open("a/b").error().code == Code::NotFound);
  put(*disk, "d/e", "file");
  CHECK(disk->rename("a", "d").error().code == Code::Conflict);
  CHECK(text_of(*disk, "a") == "file");
}

TEST_CASE("a disk is made when asked for, and only then", "[base][disk]") {
  const TemporaryFolder folder;
  CHECK(open_disk(folder.path() / "no", DiskOwner::Others).error().code == Code::NotFound);
  auto made = open_disk(folder.path() / "x/y", DiskOwner::Program);
  REQUIRE(made.ok());
  CHECK((*made)->describe() == "folder " + (folder.path() / "x/y").string());
  write_file(folder.path() / "file", "");
  CHECK_FALSE(open_disk(folder.path() / "file", DiskOwner::Program).ok());
  CHECK_FALSE(open_disk(folder.path() / "file", DiskOwner::Others).ok());
}

TEST_CASE("walking beneath a folder answers like openat2", "[base][disk]") {
  const TemporaryFolder folder;
  write_file(folder.path() / "a/b/c", "text");
  fs::create_symlink("a", folder.path() / "link");
  fs::create_symlink("c", folder.path() / "a/b/leaf");
  const detail::FileDescriptor root{::open(folder.path().c_str(), O_RDONLY | O_DIRECTORY)};
  const std::vector<std::pair<std::string, int>> opens{
      {"a/b/c", O_RDONLY},           {"a/b", O_RDONLY | O_DIRECTORY},
      {"", O_RDONLY | O_DIRECTORY},  {"a/b/c", O_PATH},
      {"a/b", O_PATH | O_DIRECTORY}, {"a/b/c", O_PATH | O_DIRECTORY},
      {"link/b/c", O_RDONLY},        {"a/b/leaf", O_RDONLY},
      {"a/b/leaf", O_PATH},          {"link", O_PATH},
      {"nothing", O_RDONLY},         {"a/b/c/d", O_RDONLY},
      {"nothing/at", O_RDONLY},      {"a/b", O_WRONLY}};
  for (const auto& [name, flags] : opens) {
    INFO(name << " flags " << flags);
    errno = 0;
    const auto one = detail::open_beneath(root.get(), name, flags);
    const int one_error = one ? 0 : errno;
    errno = 0;
    const auto other = detail::walk_beneath(root.get(), name, flags);
    const int other_error = other ? 0 : errno;
    CHECK(one_error == other_error);
  }
  CHECK(detail::walk_beneath(root.get(), "a/new", O_WRONLY | O_CREAT, 0600));
  CHECK(fs::exists(folder.path() / "a/new"));
  CHECK_FALSE(detail::walk_beneath(root.get(), "link/new", O_WRONLY | O_CREAT, 0600));
}

TEST_CASE("whose folder a disk stands on says who may read what it makes", "[base][disk]") {
  const TemporaryFolder folder;
  const auto before = ::umask(0);
  const auto made = [&](const char* name, DiskOwner owner) {
    const auto disk = open_disk(folder.path() / name, owner);
    REQUIRE(disk.ok());
    REQUIRE((*disk)->create("a/file").ok());
    REQUIRE((*disk)->try_lock("a/lock").ok());
    std::string modes;
    for (const char* each : {"", "a", "a/file", "a/lock"}) {
      struct stat status {};
      REQUIRE(::stat((folder.path() / name / each).c_str(), &status) == 0);
      modes += fmt::format("{:o} ", status.st_mode & 07777);
    }
    return modes;
  };
  fs::create_directory(folder.path() / "theirs");
  const auto ours = made("ours", DiskOwner::Program);
  const auto theirs = made("theirs", DiskOwner::Others);
  ::umask(before);
  CHECK(ours == "700 700 600 600 ");
  CHECK(theirs == "777 777 666 666 ");
}
