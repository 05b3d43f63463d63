#include "engine/store/blobs.hpp"

#include <atomic>
#include <thread>

#include <catch2/catch.hpp>

#include "tests/engine_store/store_fixture.hpp"

using namespace millrace;
using namespace millrace::test;

namespace {

// SHA-256 of "abc", FIPS 180-4.
const std::string kAbc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
const std::string kPlace = ".blobs/ba/" + kAbc;
const std::string kMissing(64, '0');

// Uploads bytes and returns the pin on them.
Result<BlobPin> upload(Blobs& blobs, std::string_view bytes) {
  MR_TRY(const auto writer, blobs.stage());
  MR_CHECK(writer->write(bytes));
  MR_CHECK(writer->finish());
  return writer->publish();
}

std::string text_of(Blobs& blobs, std::string_view sha256) {
  auto content = blobs.open(sha256);
  return content.ok() ? read_all(*content->reader) : content.error().message;
}

Result<bool> referred() { return true; }
Result<bool> unreferred() { return false; }

}  // namespace

TEST_CASE("a content is found under the digest of its bytes", "[store][blobs]") {
  StoreFixture fixture;
  auto& blobs = *fixture.store->blobs();
  auto writer = blobs.stage();
  REQUIRE(writer.ok());
  REQUIRE((*writer)->write("a").ok());
  REQUIRE((*writer)->write("bc").ok());
  CHECK(blobs.stat(kAbc).error().code == Code::NotFound);
  const auto name = (*writer)->finish();
  REQUIRE(name.ok());
  CHECK(name->sha256 == kAbc);
  CHECK(name->size_bytes == 3);
  CHECK(blobs.open(kAbc).error().code == Code::NotFound);
  REQUIRE((*writer)->publish().ok());
  CHECK(fixture.files() == std::vector{kPlace});
  CHECK(blobs.stat(kAbc)->size_bytes == 3);

  auto content = blobs.open(kAbc);
  REQUIRE(content.ok());
  CHECK(content->stat.size_bytes == 3);
  CHECK(content->stat.modified_us > 1'600'000'000'000'000);  // this century
  CHECK(content->reader->descriptor() >= 0);
  REQUIRE(content->reader->seek(1).ok());
  CHECK(read_all(*content->reader) == "bc");
}

TEST_CASE("an empty content is one too", "[store][blobs]") {
  StoreFixture fixture;
  auto& blobs = *fixture.store->blobs();
  REQUIRE(upload(blobs, "").ok());
  const auto name = to_hex(sha256(""));
  CHECK(blobs.stat(name)->size_bytes == 0);
  CHECK(blobs.verify(name).ok());
}

TEST_CASE("the same bytes lie on the disk once", "[store][blobs]") {
  StoreFixture fixture;
  auto& blobs = *fixture.store->blobs();
  REQUIRE(upload(blobs, "abc").ok());
  const auto first = blobs.stat(kAbc)->modified_us;
  REQUIRE(upload(blobs, "abc").ok());
  CHECK(fixture.files() == std::vector{kPlace});
  CHECK(blobs.stat(kAbc)->modified_us == first);
}

TEST_CASE("a writer that goes away unpublished leaves nothing", "[store][blobs]") {
  StoreFixture fixture;
  auto& blobs = *fixture.store->blobs();
  {
    auto writer = blobs.stage();
    REQUIRE((*writer)->write("abc").ok());
    CHECK(fixture.files().size() == 1);
  }
  CHECK(fixture.files().empty());
  {
    auto writer = blobs.stage();
    REQUIRE((*writer)->write("abc").ok());
    REQUIRE((*writer)->finish().ok());
  }
  CHECK(fixture.files().empty());
}

TEST_CASE("what a killed process left unfinished goes when the store is opened again",
          "[store][blobs]") {
  StoreFixture fixture;
  const auto staging = fixture.folder.path() / "store/.blobs/.put";
  std::filesystem::create_directories(staging);
  write_file(staging / "0123456789ab.lock", "");
  write_file(staging / "0123456789ab-0.partial", "half");
  auto writer = fixture.store->blobs()->stage();  // of a process that lives
  REQUIRE((*writer)->write("abc").ok());
  const auto again = fixture.reopen({.folder = fixture.folder.path() / "store"});
  REQUIRE(fixture.files().size() == 1);
  CHECK(fixture.files().front().find("0123456789ab") == std::string::npos);
  REQUIRE((*writer)->finish().ok());
  CHECK((*writer)->publish().ok());
}

TEST_CASE("a writer takes its calls in order", "[store][blobs]") {
  StoreFixture fixture;
  auto writer = *fixture.store->blobs()->stage();
  CHECK(writer->publish().error().code == Code::Internal);
  REQUIRE(writer->finish().ok());
  CHECK(writer->write("x").error().code == Code::Internal);
  CHECK(writer->finish().error().code == Code::Internal);
  REQUIRE(writer->publish().ok());
  CHECK(writer->publish().error().code == Code::Internal);
}

TEST_CASE("publishing syncs the bytes before the name and the folders after it", "[store][blobs]") {
  StoreFixture fixture;
  auto writer = *fixture.store->blobs()->stage();
  REQUIRE(writer->write("abc").ok());
  fixture.script.done.clear();
  REQUIRE(writer->finish().ok());
  REQUIRE(writer->publish().ok());
  REQUIRE(fixture.script.done.size() == 5);
  CHECK(fixture.script.done[0].find("sync file .blobs/.put/") == 0);
  CHECK(fixture.script.done[1].find("rename .blobs/.put/") == 0);
  CHECK(fixture.script.done[2] == "sync folder .blobs/ba");
  CHECK(fixture.script.done[3] == "sync folder .blobs");
  CHECK(fixture.script.done[4] == "sync folder ");
}

TEST_CASE("a disk that fills or breaks leaves no half content", "[store][blobs][fault]") {
  StoreFixture fixture;
  auto& blobs = *fixture.store->blobs();
  fixture.script.room = 2;
  const auto full = upload(blobs, "abc");
  CHECK(full.error().code == Code::Exhausted);
  CHECK(full.error().message.find("write blob: ") == 0);
  CHECK(fixture.files().empty());
  fixture.script.room = 100;
  for (const auto* operation : {"create", "append", "sync file", "rename"}) {
    INFO(operation);
    fixture.script.failing = operation;
    CHECK(upload(blobs, "abc").error().code == Code::Io);
    fixture.script.failing.clear();
    CHECK(fixture.files().empty());
  }
  REQUIRE(upload(blobs, "abc").ok());
  CHECK(text_of(blobs, kAbc) == "abc");
}

TEST_CASE("a changed content is found out, and replaced by a whole one of its size",
          "[store][blobs]") {
  StoreFixture fixture;
  auto& blobs = *fixture.store->blobs();
  REQUIRE(upload(blobs, "abc").ok());
  CHECK(blobs.verify(kAbc).ok());
  write_file(fixture.folder.path() / "store" / kPlace, "abd");
  CHECK(blobs.verify(kAbc).error().code == Code::DataInvalid);
  write_file(fixture.folder.path() / "store" / kPlace, "ab");
  CHECK(blobs.verify(kAbc).error().code == Code::DataInvalid);
  REQUIRE(upload(blobs, "abc").ok());
  CHECK(blobs.verify(kAbc).ok());
  CHECK(blobs.verify(kMissing).error().code == Code::NotFound);
}

TEST_CASE("contents are listed by name, and nothing else is", "[store][blobs]") {
  StoreFixture fixture;
  auto& blobs = *fixture.store->blobs();
  const auto listed = [&] {
    std::vector<std::string> names;
    REQUIRE(blobs
                .list([&](const BlobName& blob) {
                  names.push_back(blob.sha256 + ' ' + std::to_string(blob.size_bytes));
                })
                .ok());
    return names;
  };
  CHECK(listed().empty());
  REQUIRE(upload(blobs, "abc").ok());
  REQUIRE(upload(blobs, "").ok());
  const auto unfinished = *blobs.stage();
  write_file(fixture.folder.path() / "store/.blobs/ba/notes.txt", "x");
  write_file(fixture.folder.path() / "store/.blobs/ba" / kMissing, "x");  // in another's folder
  CHECK(listed() == std::vector{kAbc + " 3", to_hex(sha256("")) + " 0"});
}

TEST_CASE("what is no name of a content is refused", "[store][blobs]") {
  StoreFixture fixture;
  auto& blobs = *fixture.store->blobs();
  for (const auto& name : {std::string{}, std::string{".."}, "../" + kAbc.substr(3), kAbc.substr(1),
                           kAbc + "0", std::string(64, 'A'), std::string(64, '/')}) {
    INFO(name);
    CHECK(blobs.stat(name).error().code == Code::InvalidArgument);
    CHECK(blobs.open(name).error().code == Code::InvalidArgument);
    CHECK(blobs.verify(name).error().code == Code::InvalidArgument);
    CHECK(blobs.remove_unless(name, unreferred).error().code == Code::InvalidArgument);
    CHECK(blobs.pin(name).error().code == Code::InvalidArgument);
  }
}

TEST_CASE("a content is removed unless it is pinned or referred to", "[store][blobs]") {
  StoreFixture fixture;
  auto& blobs = *fixture.store->blobs();
  CHECK(blobs.remove_unless(kAbc, unreferred).error().code == Code::NotFound);
  auto pin = upload(blobs, "abc");
  CHECK_FALSE(*blobs.remove_unless(kAbc, unreferred));
  auto second = *blobs.pin(kAbc);
  pin->release();
  pin->release();
  CHECK_FALSE(*blobs.remove_unless(kAbc, unreferred));
  second = BlobPin{};
  CHECK_FALSE(*blobs.remove_unless(kAbc, referred));
  const auto broken = [] { return Result<bool>{Error{Code::Unavailable, "no database"}}; };
  CHECK(blobs.remove_unless(kAbc, broken).error().code == Code::Unavailable);
  CHECK(text_of(blobs, kAbc) == "abc");
  CHECK(*blobs.remove_unless(kAbc, unreferred));
  CHECK(fixture.files().empty());
  CHECK(blobs.remove_unless(kAbc, unreferred).error().code == Code::NotFound);
}

TEST_CASE("a pin outlives the store it was taken from", "[store][blobs]") {
  StoreFixture fixture;
  const auto pin = *fixture.store->blobs()->pin(kAbc);
  fixture.store.reset();
}

TEST_CASE("without a pin a removal takes the bytes from an upload under way", "[store][blobs]") {
  StoreFixture fixture;
  auto& blobs = *fixture.store->blobs();
  REQUIRE(upload(blobs, "abc").ok());  // of a model that is deleted now
  bool is_row_there = false;
  const auto is_referred = [&] { return Result<bool>{is_row_there}; };

  SECTION("lost") {
    upload(blobs, "abc")->release();
    CHECK(*blobs.remove_unless(kAbc, is_referred));
    is_row_there = true;
    CHECK(blobs.open(kAbc).error().code == Code::NotFound);
  }
  SECTION("kept by the pin") {
    auto pin = upload(blobs, "abc");
    CHECK_FALSE(*blobs.remove_unless(kAbc, is_referred));
    is_row_there = true;
    pin->release();
    CHECK_FALSE(*blobs.remove_unless(kAbc, is_referred));
    CHECK(text_of(blobs, kAbc) == "abc");
  }
}

TEST_CASE("a publish waits for the removal of its content, and then brings it back",
          "[store][blobs]") {
  StoreFixture fixture;
  auto& blobs = *fixture.store->blobs();
  REQUIRE(upload(blobs, "abc").ok());
  auto writer = *blobs.stage();
  REQUIRE(writer->write("abc").ok());
  REQUIRE(writer->finish().ok());
  std::atomic<bool> is_published{false};
  Result<BlobPin> pin{BlobPin{}};
  std::jthread uploader;
  const auto is_gone = blobs.remove_unless(kAbc, [&]() -> Result<bool> {
    if (!uploader.joinable()) {
      uploader = std::jthread{[&] {
        pin = writer->publish();
        is_published = true;
      }};
    }
    return is_published.load();  // no: it cannot come so far before the removal has ended
  });
  REQUIRE(is_gone.ok());
  CHECK(*is_gone);
  uploader.join();
  REQUIRE(pin.ok());
  CHECK(text_of(blobs, kAbc) == "abc");
}

TEST_CASE("a content that another process has come to refer to comes back", "[store][blobs]") {
  StoreFixture fixture;
  auto& blobs = *fixture.store->blobs();
  REQUIRE(upload(blobs, "abc").ok());
  int asked = 0;
  SECTION("which had found it there") {
    CHECK_FALSE(*blobs.remove_unless(kAbc, [&] { return Result<bool>{++asked == 2}; }));
  }
  SECTION("which brings its own when it finds none") {
    const auto other = fixture.reopen({.folder = fixture.folder.path() / "store"});
    CHECK_FALSE(*blobs.remove_unless(kAbc, [&] {
      if (++asked == 2) {
        CHECK(blobs.stat(kAbc).error().code == Code::NotFound);
        CHECK(upload(*other->blobs(), "abc").ok());
      }
      return Result<bool>{asked == 2};
    }));
  }
  SECTION("which opens the store just then") {
    CHECK_FALSE(*blobs.remove_unless(kAbc, [&] {
      if (++asked == 2) fixture.reopen({.folder = fixture.folder.path() / "store"});
      return Result<bool>{asked == 2};
    }));
  }
  SECTION("as far as can be told") {
    const auto broken = blobs.remove_unless(kAbc, [&]() -> Result<bool> {
      if (++asked == 1) return false;
      return Error{Code::Unavailable, "no database"};
    });
    CHECK(broken.error().code == Code::Unavailable);
  }
  CHECK(text_of(blobs, kAbc) == "abc");
  CHECK(fixture.files() == std::vector{kPlace});
}

TEST_CASE("what a process was removing that died is there again at the next opening",
          "[store][blobs]") {
  StoreFixture fixture;
  const auto root = fixture.folder.path() / "store";
  std::filesystem::create_directories(root / ".blobs/.aside");
  write_file(root / ".blobs/.aside" / kAbc, "abc");
  write_file(root / ".blobs/.aside/notes.txt", "x");
  const auto again = fixture.reopen({.folder = root});
  CHECK(text_of(*again->blobs(), kAbc) == "abc");
  std::vector<std::string> names;
  CHECK(again->blobs()->list([&](const BlobName& name) { names.push_back(name.sha256); }).ok());
  CHECK(names == std::vector{kAbc});
}

TEST_CASE("uploads and deletions of the same bytes by many threads never lose a row's content",
          "[store][blobs]") {
  constexpr int kThreads = 4, kRounds = 60;
  StoreFixture fixture;
  auto& blobs = *fixture.store->blobs();
  std::atomic<int> rows{0}, faults{0}, removed{0};
  const auto work = [&] {
    for (int round = 0; round < kRounds; ++round) {
      {
        const auto pin = upload(blobs, "abc");
        if (!pin.ok()) ++faults;
        ++rows;  // committed while the pin is held
      }
      if (!blobs.verify(kAbc).ok()) ++faults;
      --rows;
      const auto is_gone = blobs.remove_unless(kAbc, [&] { return Result<bool>{rows > 0}; });
      if (is_gone.ok() && *is_gone) ++removed;
      if (!is_gone.ok() && is_gone.error().code != Code::NotFound) ++faults;
    }
  };
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < kThreads; ++i) threads.emplace_back(work);
  }
  CHECK(faults == 0);
  CHECK(removed > 0);
  const auto left = blobs.remove_unless(kAbc, unreferred);
  CHECK((left.ok() || left.error().code == Code::NotFound));
  CHECK(fixture.files().empty());
}

TEST_CASE("blob addresses are read by those who may", "[store][blobs]") {
  StoreFixture fixture;
  auto& store = *fixture.store;
  REQUIRE(upload(*store.blobs(), "abc").ok());
  const auto uri = blob_uri(kAbc);
  CHECK(store.check(uri, {}, false).error().code == Code::PermissionDenied);
  CHECK(store.check(uri, {.any_file = true}, false).error().code == Code::PermissionDenied);
  const StoreRights rights{.blobs = true};
  CHECK(store.check(uri, rights, true).error().code == Code::InvalidArgument);
  // A content that has no name yet takes nobody's place: whoever has bytes may bring them.
  const auto unnamed = store.check("blob:", {}, true);
  REQUIRE(unnamed.ok());
  CHECK(unnamed->sha256.empty());
  CHECK(store.check("blob:", rights, false).error().detail == "uri_syntax");
  CHECK(store.check_prefix("blob:", rights, true).error().detail == "uri_syntax");
  CHECK(store.open(*unnamed).error().code == Code::PermissionDenied);
  CHECK(store.put(*unnamed, "x").error().code == Code::InvalidArgument);
  CHECK(store.stage(*unnamed, "job-1").error().code == Code::InvalidArgument);
  const auto open_uri = store.check(uri, rights, false);
  REQUIRE(open_uri.ok());
  CHECK(read_all(**store.open(*open_uri)) == "abc");
  CHECK(store.stat(*open_uri)->size_bytes == 3);
  CHECK(store.put(*open_uri, "x").error().code == Code::InvalidArgument);
  CHECK(store.remove(*open_uri).error().code == Code::InvalidArgument);
  CHECK(store.stage(*open_uri, "job-1").error().code == Code::InvalidArgument);

  CHECK(store.open(address(uri)).error().code == Code::PermissionDenied);  // only parsed
  CHECK(store.stat(address(uri)).error().code == Code::PermissionDenied);
  const auto missing = store.check(blob_uri(kMissing), rights, false);
  CHECK(store.open(*missing).error().code == Code::NotFound);

  const auto bare = *Store::open(StoreSettings{});
  CHECK(bare->blobs() == nullptr);
  CHECK(bare->open(*bare->check(uri, rights, false)).error().code == Code::InvalidArgument);
}

TEST_CASE("no qiniu address leads to the contents", "[store][blobs]") {
  StoreFixture fixture;
  REQUIRE(upload(*fixture.store->blobs(), "abc").ok());
  CHECK_FALSE(parse_uri("qiniu:///.blobs/ba/" + kAbc).ok());
  CHECK_FALSE(parse_prefix("qiniu:///.blobs/ba").ok());
  CHECK_FALSE(Store::open({.folder = fixture.folder.path() / "other", .zones = {".blobs"}}).ok());
}
