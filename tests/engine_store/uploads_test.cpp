#include "engine/store/uploads.hpp"

#include <atomic>
#include <fstream>
#include <limits>
#include <thread>

#include <catch2/catch.hpp>

#include "tests/engine_store/store_fixture.hpp"

using namespace millrace;
using namespace millrace::test;

namespace {

Result<bool> unreferred() { return false; }

// SHA-256 of "abcdef".
const std::string kSha256 = "bef57ec7f53a6d40beb640a780a639c83bc29ac8a9816f1fc6c5c6dcd93c4721";

struct UploadFixture : StoreFixture {
  Uploads& uploads() { return store->blobs()->uploads(); }

  std::string create(std::uint64_t length, const std::string& owner = "1") {
    const auto made =
        uploads().create({.owner = owner, .length_bytes = length, .note = "n", .most_open = 8});
    REQUIRE(made.ok());
    return made->id;
  }
  // Writes bytes and goes away without a word, as a connection does that breaks.
  void send(const std::string& id, std::uint64_t at, std::string_view bytes,
            bool has_checksum = false) {
    const auto writer = uploads().append(id, "1", at, has_checksum);
    REQUIRE(writer.ok());
    REQUIRE((*writer)->write(bytes).ok());
  }
  std::uint64_t offset(const std::string& id) {
    const auto stat = uploads().stat(id, "1");
    REQUIRE(stat.ok());
    return stat->offset_bytes;
  }
  void restart() {
    store.reset();
    store = reopen({.folder = folder.path() / "store"});
  }
  [[nodiscard]] std::filesystem::path uploads_folder() const {
    return folder.path() / "store/.blobs/.uploads";
  }
};

template <class T>
Code code_of(const Result<T>& result) {
  REQUIRE_FALSE(result.ok());
  return result.error().code;
}

}  // namespace

TEST_CASE("what came of an upload is there after a restart", "[store][uploads]") {
  UploadFixture fixture;
  const auto id = fixture.create(6);
  CHECK(id.size() == 32);
  CHECK(fixture.offset(id) == 0);
  fixture.send(id, 0, "abc");
  CHECK(fixture.offset(id) == 3);
  fixture.restart();
  CHECK(fixture.offset(id) == 3);
  CHECK(fixture.uploads().stat(id, "1")->note == "n");
  CHECK(fixture.uploads().stat(id, "1")->length_bytes == 6);
  fixture.send(id, 3, "def");
  const auto claim = fixture.uploads().claim(id, "1");
  REQUIRE(claim.ok());
  CHECK((*claim)->name().sha256 == kSha256);
  CHECK((*claim)->name().size_bytes == 6);
}

TEST_CASE("an upload goes on only where it stands, and no further than its length",
          "[store][uploads]") {
  UploadFixture fixture;
  const auto id = fixture.create(4);
  fixture.send(id, 0, "ab");
  CHECK(code_of(fixture.uploads().append(id, "1", 0)) == Code::Conflict);
  CHECK(code_of(fixture.uploads().append(id, "1", 3)) == Code::Conflict);
  const auto writer = fixture.uploads().append(id, "1", 2);
  REQUIRE(writer.ok());
  CHECK(code_of((*writer)->write("cde")) == Code::Exhausted);
  CHECK((*writer)->write("cd").ok());
  CHECK((*writer)->finish()->offset_bytes == 4);
  CHECK(code_of((*writer)->write("e")) == Code::Exhausted);
}

TEST_CASE("who comes last goes on with an upload", "[store][uploads]") {
  UploadFixture fixture;
  const auto id = fixture.create(6);
  const auto first = fixture.uploads().append(id, "1", 0);
  REQUIRE((*first)->write("ab").ok());
  SECTION("a look ends the writer") { CHECK(fixture.offset(id) == 2); }
  SECTION("another writer does") { fixture.send(id, 2, ""); }
  CHECK(code_of((*first)->write("xx")) == Code::Conflict);
  CHECK(code_of((*first)->finish()) == Code::Conflict);
  CHECK(fixture.offset(id) == 2);
}

TEST_CASE("whoever is refused ends nobody who writes", "[store][uploads]") {
  UploadFixture fixture;
  const auto id = fixture.create(6);
  fixture.send(id, 0, "a");
  const bool has_checksum = GENERATE(false, true);
  const auto first = fixture.uploads().append(id, "1", 1, has_checksum);
  REQUIRE((*first)->write("bc").ok());
  const std::uint64_t stands_at = has_checksum ? 1 : 3;
  CHECK(code_of(fixture.uploads().append(id, "1", 0)) == Code::Conflict);
  CHECK(code_of(fixture.uploads().append(id, "1", stands_at + 1)) == Code::Conflict);
  CHECK(code_of(fixture.uploads().append(id, "1", stands_at, false, 7 - stands_at)) ==
        Code::Exhausted);
  CHECK(code_of(fixture.uploads().append(id, "2", stands_at)) == Code::NotFound);
  CHECK((*first)->write("def").ok());
  CHECK((*first)->finish()->offset_bytes == 6);
  const auto claim = fixture.uploads().claim(id, "1");
  REQUIRE(claim.ok());
  CHECK((*claim)->name().sha256 == kSha256);
}

TEST_CASE("bytes with a checksum count once it was found right", "[store][uploads]") {
  UploadFixture fixture;
  const auto id = fixture.create(6);
  fixture.send(id, 0, "ab");
  const auto writer = fixture.uploads().append(id, "1", 2, true);
  REQUIRE((*writer)->write("cd").ok());
  SECTION("finished") {
    CHECK((*writer)->finish()->offset_bytes == 4);
    CHECK(fixture.offset(id) == 4);
    fixture.restart();
    CHECK(fixture.offset(id) == 4);
  }
  SECTION("found wrong") {
    CHECK((*writer)->discard().ok());
    CHECK(fixture.offset(id) == 2);
  }
  SECTION("broken off") { CHECK(fixture.offset(id) == 2); }
  SECTION("killed") {
    fixture.restart();
    CHECK(fixture.offset(id) == 2);
  }
}

TEST_CASE("the hash is that of the bytes, also where some were sent twice", "[store][uploads]") {
  UploadFixture fixture;
  const auto id = fixture.create(6);
  fixture.send(id, 0, "ab");
  fixture.send(id, 2, "xxxx", true);
  fixture.send(id, 2, "cdef");
  CHECK((*fixture.uploads().claim(id, "1"))->name().sha256 == kSha256);
}

TEST_CASE("an upload is used once, by one at a time", "[store][uploads]") {
  UploadFixture fixture;
  const auto id = fixture.create(6);
  fixture.send(id, 0, "abc");
  const auto early = fixture.uploads().claim(id, "1");
  CHECK(code_of(early) == Code::Conflict);
  CHECK(early.error().message.find("3 of 6") != std::string::npos);
  fixture.send(id, 3, "def");
  {
    const auto claim = fixture.uploads().claim(id, "1");
    REQUIRE(claim.ok());
    CHECK(code_of(fixture.uploads().claim(id, "1")) == Code::Conflict);
    CHECK(code_of(fixture.uploads().remove(id, "1")) == Code::Conflict);
    CHECK(code_of(fixture.uploads().append(id, "1", 6)) == Code::Conflict);
    CHECK(fixture.offset(id) == 6);
    REQUIRE((*claim)->publish().ok());
  }
  // Given back: its content stays, and so does the upload, also over a restart.
  auto& blobs = *fixture.store->blobs();
  CHECK_FALSE(*blobs.remove_unless(kSha256, unreferred));
  CHECK(fixture.offset(id) == 6);
  fixture.restart();
  CHECK(fixture.offset(id) == 6);
  CHECK_FALSE(*fixture.store->blobs()->remove_unless(kSha256, unreferred));
  {
    const auto claim = fixture.uploads().claim(id, "1");
    REQUIRE(claim.ok());
    REQUIRE((*claim)->publish().ok());
    REQUIRE((*claim)->use_up().ok());
  }
  CHECK(code_of(fixture.uploads().claim(id, "1")) == Code::NotFound);
  CHECK(fixture.files() == std::vector{".blobs/be/" + kSha256});
  CHECK(*fixture.store->blobs()->remove_unless(kSha256, unreferred));
}

TEST_CASE("an upload that is removed tells which content it kept", "[store][uploads]") {
  UploadFixture fixture;
  const auto id = fixture.create(6);
  fixture.send(id, 0, "abcdef");
  SECTION("none") { CHECK(*fixture.uploads().remove(id, "1") == ""); }
  SECTION("one that was published") {
    REQUIRE((*fixture.uploads().claim(id, "1"))->publish().ok());
    CHECK(*fixture.uploads().remove(id, "1") == kSha256);
    CHECK(*fixture.store->blobs()->remove_unless(kSha256, unreferred));
  }
  CHECK(fixture.files().empty());
}

TEST_CASE("an upload that cannot be read for a while is kept, and found when it can",
          "[store][uploads]") {
  const auto* const broken = GENERATE("open", "stat");
  const bool is_content = GENERATE(false, true);
  INFO(broken << ' ' << is_content);
  UploadFixture fixture;
  const auto id = fixture.create(6);
  fixture.send(id, 0, "abcdef");
  if (is_content) REQUIRE((*fixture.uploads().claim(id, "1"))->publish().ok());
  const auto files = fixture.files();
  fixture.script.failing = broken;
  fixture.restart();
  CHECK(fixture.files() == files);
  CHECK(fixture.uploads().remove_untouched(std::numeric_limits<std::int64_t>::max()).empty());
  CHECK(fixture.files() == files);
  CHECK(fixture.uploads().count() == 0);
  CHECK(code_of(fixture.uploads().stat(id, "1")) == Code::Io);
  CHECK(code_of(fixture.uploads().stat(std::string(32, 'a'), "1")) == Code::NotFound);
  fixture.script.failing.clear();
  CHECK(fixture.offset(id) == 6);
  CHECK(fixture.uploads().claim(id, "1").ok());
}

TEST_CASE("uploads that cannot be listed for a while are kept, and found when they can",
          "[store][uploads]") {
  UploadFixture fixture;
  const auto before = fixture.create(6);
  fixture.send(before, 0, "abc");
  write_file(fixture.uploads_folder() / "orphan.partial", "bytes");
  fixture.script.failing = "list .blobs/.uploads";
  fixture.restart();
  CHECK(code_of(fixture.uploads().stat(before, "1")) == Code::Io);
  CHECK(code_of(fixture.uploads().remove(before, "1")) == Code::Io);
  CHECK(fixture.uploads().remove_untouched(std::numeric_limits<std::int64_t>::max()).empty());
  const auto meanwhile = fixture.create(6);
  fixture.send(meanwhile, 0, "ab");
  CHECK(fixture.files().size() == 5);
  fixture.script.failing.clear();
  SECTION("a client asks") {
    CHECK(fixture.offset(before) == 3);
    fixture.send(before, 3, "def");
    CHECK((*fixture.uploads().claim(before, "1"))->name().sha256 == kSha256);
    CHECK(fixture.offset(meanwhile) == 2);
    CHECK(fixture.files().size() == 4);  // what belongs to no upload has gone
  }
  SECTION("they are swept") {
    CHECK(fixture.uploads().remove_untouched(std::numeric_limits<std::int64_t>::max()).empty());
    CHECK(fixture.files().empty());
  }
}

TEST_CASE("an upload whose age cannot be told is not too old", "[store][uploads]") {
  UploadFixture fixture;
  const auto id = fixture.create(6);
  fixture.script.failing = "stat";
  CHECK(fixture.uploads().remove_untouched(std::numeric_limits<std::int64_t>::max()).empty());
  fixture.script.failing.clear();
  CHECK(fixture.offset(id) == 0);
}

TEST_CASE("what is no upload, or no more, goes at the start", "[store][uploads]") {
  UploadFixture fixture;
  const auto id = fixture.create(6);
  write_file(fixture.uploads_folder() / "broken.state.partial", "{");
  write_file(fixture.uploads_folder() / "broken.partial", "bytes");
  write_file(fixture.uploads_folder() / "orphan.partial", "bytes");
  write_file(fixture.uploads_folder() / (id + ".new.partial"), "{");
  fixture.restart();
  CHECK(fixture.files().size() == 2);
  CHECK(fixture.offset(id) == 0);
}

TEST_CASE("many who go on with one upload at once make one file", "[store][uploads]") {
  constexpr std::size_t kPiece = 1'000, kPieces = 8;
  UploadFixture fixture;
  std::string bytes;
  while (bytes.size() < kPiece * kPieces) bytes += std::to_string(bytes.size());
  const auto id = fixture.create(bytes.size());
  std::atomic<int> failures{0};
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([&, has_checksum = i % 2 == 0] {
        auto& uploads = fixture.uploads();
        for (;;) {
          const auto stat = uploads.stat(id, "1");
          if (!stat.ok()) ++failures;
          if (!stat.ok() || stat->offset_bytes == bytes.size()) return;
          const auto writer = uploads.append(id, "1", stat->offset_bytes, has_checksum);
          if (!writer.ok()) continue;  // another one was faster
          const auto piece = std::string_view{bytes}.substr(stat->offset_bytes, kPiece);
          if ((*writer)->write(piece).ok()) static_cast<void>((*writer)->finish());
        }
      });
    }
  }
  CHECK(failures == 0);
  const auto claim = fixture.uploads().claim(id, "1");
  REQUIRE(claim.ok());
  CHECK((*claim)->name().sha256 == to_hex(sha256(bytes)));
}

TEST_CASE("an upload belongs to who made it, and few may be open", "[store][uploads]") {
  UploadFixture fixture;
  const auto id = fixture.create(6);
  CHECK(code_of(fixture.uploads().stat(id, "2")) == Code::NotFound);
  CHECK(code_of(fixture.uploads().append(id, "2", 0)) == Code::NotFound);
  CHECK(code_of(fixture.uploads().claim(id, "2")) == Code::NotFound);
  CHECK(code_of(fixture.uploads().remove(id, "2")) == Code::NotFound);
  CHECK(fixture.offset(id) == 0);
  const Uploads::New wanted{.owner = "1", .length_bytes = 1, .most_open = 2};
  CHECK(fixture.uploads().create(wanted).ok());
  CHECK(code_of(fixture.uploads().create(wanted)) == Code::PermissionDenied);
  CHECK(fixture.uploads().remove(id, "1").ok());
  CHECK(fixture.uploads().create(wanted).ok());
}

TEST_CASE("an upload that nobody touched goes, with its bytes", "[store][uploads]") {
  UploadFixture fixture;
  const auto old = fixture.create(6), fresh = fixture.create(6);
  fixture.send(old, 0, "abc");
  const auto touched = fixture.uploads().stat(old, "1")->touched_us;
  for (const auto& file : std::filesystem::directory_iterator{fixture.uploads_folder()}) {
    if (file.path().filename().string().starts_with(old))
      std::filesystem::last_write_time(file.path(),
                                       file.last_write_time() - std::chrono::hours{30});
  }
  CHECK(fixture.uploads().remove_untouched(touched - 86'400'000'000).empty());
  CHECK(code_of(fixture.uploads().stat(old, "1")) == Code::NotFound);
  CHECK(fixture.offset(fresh) == 0);
  for (const auto& name : fixture.files()) CHECK(name.find(old) == std::string::npos);
}

TEST_CASE("what a killed server left half made or half removed is swept", "[store][uploads]") {
  UploadFixture fixture;
  const auto id = fixture.create(6);
  const auto names = fixture.files();
  const std::string lost(32, 'a'), broken(32, 'b');
  for (const auto& name : {lost + ".partial", lost + ".new.partial", broken + ".partial"})
    std::ofstream{fixture.uploads_folder() / name} << "bytes";
  std::ofstream{fixture.uploads_folder() / (broken + ".state.partial")} << "{\"owner\": 1";
  fixture.restart();
  CHECK(fixture.files() == names);
  CHECK(fixture.offset(id) == 0);
}

TEST_CASE("a full disk is told, and what came stays", "[store][uploads]") {
  UploadFixture fixture;
  const auto id = fixture.create(6);
  fixture.send(id, 0, "abc");
  const auto writer = fixture.uploads().append(id, "1", 3);
  REQUIRE(writer.ok());
  fixture.script.room = 2;
  CHECK(code_of((*writer)->write("def")) == Code::Exhausted);
  fixture.script.room = 1'000'000;
  CHECK(fixture.offset(id) == 3);
  fixture.send(id, 3, "def");
  CHECK((*fixture.uploads().claim(id, "1"))->name().sha256 == kSha256);
}
