#include "engine/job/staged_outputs.hpp"

#include <filesystem>

#include <catch2/catch.hpp>

#include "engine/store/unsynced_files.hpp"
#include "tests/engine_store/store_fixture.hpp"

using namespace millrace;
using namespace millrace::test;
namespace fs = std::filesystem;

namespace {

struct Outputs : StoreFixture {
  Uri uri(const std::string& text) const {
    auto checked = store->check(text, {.any_file = true}, true);
    REQUIRE(checked.ok());
    return *std::move(checked);
  }
  [[nodiscard]] std::string file(const std::string& name) const {
    return "file://" + (folder.path() / name).string();
  }
  void write(const std::string& text, std::string_view bytes) {
    const auto writer = outputs->stage(uri(text));
    REQUIRE(writer.ok());
    REQUIRE((*writer)->write(bytes).ok());
  }

  std::unique_ptr<StagedOutputs> outputs =
      std::make_unique<StagedOutputs>(*store, "job-1-t1", nullptr);
};

const std::string kOne = "qiniu:///z0/b/one", kTwo = "qiniu:///z0/b/two";

}  // namespace

TEST_CASE("an output that cannot be published keeps all from being published", "[job][outputs]") {
  Outputs place;
  place.write(kOne, "one");
  place.write(kTwo, "two");
  fs::create_directories(place.folder.path() / "store/z0/b/two/inner");
  place.outputs->close();
  CHECK(place.outputs->check_publish().error().code == Code::Conflict);
  CHECK(place.outputs->publish().error().code == Code::Conflict);
  CHECK_FALSE(place.outputs->may_be_visible());
  CHECK(place.store->stat(address(kOne)).error().code == Code::NotFound);

  fs::remove_all(place.folder.path() / "store/z0/b/two");
  REQUIRE(place.outputs->publish().ok());
  CHECK(place.text_of(kOne) == "one");
  CHECK(place.text_of(kTwo) == "two");
}

TEST_CASE("an output whose stage is gone keeps all from being published", "[job][outputs]") {
  Outputs place;
  REQUIRE(place.store->put(address(kTwo), "last week's").ok());
  place.write(kOne, "one");
  place.write(kTwo, "two");
  place.outputs->close();
  fs::remove(place.folder.path() / "store/z0/b/two.job-1-t1.partial");
  CHECK(place.outputs->publish().error().code == Code::DataInvalid);
  CHECK_FALSE(place.outputs->may_be_visible());
  CHECK(place.store->stat(address(kOne)).error().code == Code::NotFound);
  CHECK(place.text_of(kTwo) == "last week's");
}

TEST_CASE("publishing that fails between two outputs goes on where it was", "[job][outputs]") {
  Outputs place;
  place.write(kOne, "one");
  place.write(kTwo, "two");
  place.outputs->close();
  place.script.failing = GENERATE("rename", "sync folder", "sync file");
  CHECK(place.outputs->publish().error().code == Code::Io);
  CHECK(place.outputs->may_be_visible());
  // What failed meanwhile for another reason does not keep the first back.
  fs::create_directories(place.folder.path() / "store/z0/b/three");
  place.script.failing.clear();
  REQUIRE(place.outputs->publish().ok());
  REQUIRE(place.outputs->publish().ok());
  CHECK(place.text_of(kOne) == "one");
  CHECK(place.text_of(kTwo) == "two");
  CHECK(place.files() == std::vector<std::string>{"z0/b/one", "z0/b/two"});
}

TEST_CASE("a later fault of one output does not keep the others from being published",
          "[job][outputs]") {
  Outputs place;
  place.write(kOne, "one");
  place.write(kTwo, "two");
  place.outputs->close();
  place.script.failing = "rename";
  CHECK_FALSE(place.outputs->publish().ok());
  place.script.failing.clear();
  fs::create_directories(place.folder.path() / "store/z0/b/one/inner");
  CHECK(place.outputs->publish().error().code == Code::Conflict);
  CHECK(place.text_of(kTwo) == "two");
  fs::remove_all(place.folder.path() / "store/z0/b/one");
  REQUIRE(place.outputs->publish().ok());
  CHECK(place.text_of(kOne) == "one");
}

TEST_CASE("the log alone is published where the others are not", "[job][outputs]") {
  Outputs place;
  place.write(kOne, "log");
  place.write(kTwo, "two");
  place.outputs->close();
  fs::create_directories(place.folder.path() / "store/z0/b/two/inner");
  REQUIRE(place.outputs->publish(kOne).ok());
  REQUIRE(place.outputs->discard(kOne).ok());
  CHECK(place.text_of(kOne) == "log");
  CHECK(place.files() == std::vector<std::string>{"z0/b/one"});
}

TEST_CASE("a staged file is synced with its name, and a device that fails is not forgotten",
          "[job][outputs]") {
  Outputs place;
  place.write(kOne, "one");
  place.script.done.clear();
  REQUIRE(place.outputs->sync().ok());
  CHECK(place.script.done ==
        std::vector<std::string>{"sync file z0/b/one.job-1-t1.partial", "sync folder z0/b"});
  place.script.failing = "sync file";
  CHECK(place.outputs->sync().error().code == Code::Io);
  place.script.failing.clear();
  CHECK(place.outputs->sync().error().code == Code::Io);
}

TEST_CASE("two outputs that are one object are refused, however they are spelled",
          "[job][outputs]") {
  Outputs place;
  fs::create_directories(place.folder.path() / "dir/inner");
  fs::create_directory_symlink(place.folder.path() / "dir", place.folder.path() / "link");
  place.write(place.file("dir/a"), "x");
  for (const auto* same : {"dir/a", "dir/./a", "dir//a", "dir/inner/../a", "link/a"}) {
    INFO(same);
    CHECK(place.outputs->stage(place.uri(place.file(same))).error().code == Code::Conflict);
  }
  place.write("qiniu:///z0/b/k", "x");
  CHECK(place.outputs->stage(place.uri(place.file("store/z0/b/k"))).error().code == Code::Conflict);
  CHECK(place.outputs->check_put(place.uri(place.file("store/z0/b/k"))).error().code ==
        Code::Conflict);
  CHECK(place.outputs->check_put(place.uri(place.file("store/z0/b/l"))).ok());
  place.write(place.file("dir/b"), "x");
  CHECK(place.outputs->uris().size() == 3);
}

TEST_CASE("neither an output nor a put takes the place of a file that the run reads",
          "[job][outputs]") {
  Outputs place;
  write_file(place.folder.path() / "in", "input");
  fs::create_symlink(place.folder.path() / "in", place.folder.path() / "symbolic");
  fs::create_hard_link(place.folder.path() / "in", place.folder.path() / "hard");
  SECTION("that it has read") {
    REQUIRE(place.outputs->note_read(place.uri(place.file("in"))).ok());
    for (const auto* same : {"in", "./in", "symbolic", "hard"}) {
      INFO(same);
      CHECK(place.outputs->stage(place.uri(place.file(same))).error().code == Code::Conflict);
      CHECK(place.outputs->check_put(place.uri(place.file(same))).error().code == Code::Conflict);
    }
    CHECK(place.outputs->check_put(place.uri(place.file("other"))).ok());
    CHECK(place.outputs->empty());
  }
  SECTION("that it wants to read") {
    place.write(place.file("symbolic"), "x");
    CHECK(place.outputs->note_read(place.uri(place.file("in"))).error().code == Code::Conflict);
    CHECK(place.outputs->note_read(place.uri(place.file("other"))).ok());
  }
}

TEST_CASE("a disk that takes its time holds up nobody who asks for the outputs", "[job][outputs]") {
  Outputs place;
  std::size_t asked = 0;
  // A lock that were held now would be taken a second time by the same thread, which hangs.
  place.script.during = [&] {
    ++asked;
    CHECK(place.outputs->uris().size() <= 2);
    CHECK(place.outputs->check_put(place.uri(place.file("other"))).ok());
  };
  place.write(kOne, "one");
  place.write(kTwo, "two");
  REQUIRE(place.outputs->sync().ok());
  place.outputs->close();
  REQUIRE(place.outputs->publish().ok());
  REQUIRE(place.outputs->discard().ok());
  CHECK(asked > 10);
}

TEST_CASE("of what a run reads so much is remembered, and no more", "[job][outputs]") {
  Outputs place;
  REQUIRE(place.outputs->note_read(place.uri(place.file("first"))).ok());
  for (std::size_t i = 0; i < StagedOutputs::kMaxReads; ++i)
    REQUIRE(place.outputs->note_read(address("qiniu:///z0/b/" + std::to_string(i))).ok());
  CHECK(place.outputs->stage(place.uri(place.file("first"))).error().code == Code::Conflict);
  CHECK(place.outputs->stage(address("qiniu:///z0/b/0")).error().code == Code::Conflict);
  const auto last = "qiniu:///z0/b/" + std::to_string(StagedOutputs::kMaxReads - 1);
  CHECK(place.outputs->stage(address(last)).ok());
}

TEST_CASE("an address whose stage could not be opened can be tried again", "[job][outputs]") {
  Outputs place;
  place.script.failing = "create";
  CHECK(place.outputs->stage(place.uri(kOne)).error().code == Code::Io);
  place.script.failing.clear();
  place.write(kOne, "x");
}

TEST_CASE("nothing of an attempt reaches its outputs once its lease is over",
          "[job][outputs][fencing]") {
  Outputs place;
  LeaseGuard guard{system_clock(), LeaseGuard::Ends::WhenLost};
  place.outputs = std::make_unique<StagedOutputs>(*place.store, "job-1-t1", &guard);
  const auto staged = place.outputs->stage(place.uri(kOne));
  REQUIRE(staged.ok());
  REQUIRE((*staged)->write("kept").ok());
  guard.lose();
  CHECK((*staged)->write("more").error().code == Code::Cancelled);
  CHECK((*staged)->truncate(0).error().code == Code::Cancelled);
  CHECK(place.outputs->stage(place.uri(kTwo)).error().code == Code::Cancelled);
  place.outputs->close();
  CHECK(place.outputs->publish().error().code == Code::Cancelled);
  CHECK_FALSE(place.outputs->may_be_visible());
  CHECK(place.files() == std::vector<std::string>{"z0/b/one.job-1-t1.partial"});
  CHECK(fs::file_size(place.folder.path() / "store/z0/b/one.job-1-t1.partial") == 4);
}
