#include "engine/store/work_folder.hpp"

#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <vector>

#include "store_fixture.hpp"

using namespace millrace;
using test::read_all;

namespace {

using Before = Inheritance::Writer;

struct Place {
  std::unique_ptr<WorkFolder> open(std::uint64_t max_bytes = 1'000'000) {
    auto disk = open_disk(folder.path() / "work", DiskOwner::Program);
    REQUIRE(disk.ok());
    return std::make_unique<WorkFolder>(
        std::make_unique<test::FaultyDisk>(*std::move(disk), script), max_bytes);
  }
  // Every file below the folder.
  std::vector<std::string> files() const {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::recursive_directory_iterator{folder.path() / "work"})
      names.push_back(entry.path().lexically_relative(folder.path() / "work").string());
    std::sort(names.begin(), names.end());
    return names;
  }
  test::TemporaryFolder folder;
  test::DiskScript script;
};

ObjectWriter& stage(Scratch& scratch, std::string_view name) {
  auto writer = scratch.stage(name);
  INFO((writer.ok() ? std::string{} : writer.error().message));
  REQUIRE(writer.ok());
  return **writer;
}

std::string text_of(Scratch& scratch, std::string_view name) {
  auto reader = scratch.open(name);
  return reader.ok() ? read_all(**reader) : "(" + reader.error().message + ")";
}

}  // namespace

TEST_CASE("scratch files are appended, cut, read, put and listed", "[store][scratch]") {
  Place place;
  const auto work = place.open();
  MemoryScratch memory{1'000'000};
  const auto on_disk = work->scratch(JobId{7}, 3);
  CHECK(place.files().empty());  // nothing before it is used
  for (Scratch* const scratch : {static_cast<Scratch*>(&memory), on_disk.get()}) {
    CHECK(scratch->stat("a").error().code == Code::NotFound);
    CHECK(scratch->open("a").error().code == Code::NotFound);
    auto& writer = stage(*scratch, "a");
    CHECK(writer.write("one two").ok());
    CHECK(text_of(*scratch, "a") == "one two");
    CHECK(writer.truncate(3).ok());
    CHECK(writer.truncate(4).error().code == Code::DataInvalid);
    CHECK(writer.write("!").ok());
    CHECK(writer.size() == 4);
    CHECK(&stage(*scratch, "a") == &writer);
    CHECK(scratch->put("a", "x").error().code == Code::Conflict);
    CHECK(scratch->put("b", "first").ok());
    CHECK(scratch->put("b", "second").ok());
    CHECK(scratch->stat("b")->size_bytes == 6);
    CHECK(scratch->sync().ok());
    std::map<std::string, std::uint64_t> listed;
    CHECK(scratch
              ->list([&](std::string_view name, const ObjectStat& stat) {
                listed.emplace(name, stat.size_bytes);
              })
              .ok());
    CHECK(listed == std::map<std::string, std::uint64_t>{{"a", 4}, {"b", 6}});
    auto reader = scratch->open("a");
    REQUIRE(reader.ok());
    CHECK((*reader)->seek(2).ok());
    CHECK(read_all(**reader) == "e!");
  }
  CHECK(place.files() == std::vector<std::string>{"job-7", "job-7/t3", "job-7/t3/a", "job-7/t3/b"});
}

TEST_CASE("no name leads out of the scratch of an attempt", "[store][scratch]") {
  Place place;
  const auto work = place.open();
  const auto scratch = work->scratch(JobId{1}, 1);
  for (const char* name : {"", ".", "..", "../t2/x", "a/b", "/etc/passwd", ".put", "a b", "a\n"}) {
    INFO(name);
    CHECK(scratch->stage(name).error().code == Code::InvalidArgument);
    CHECK(scratch->put(name, "x").error().code == Code::InvalidArgument);
    CHECK(scratch->open(name).error().code == Code::InvalidArgument);
    CHECK_FALSE(parse_uri("work:///" + std::string{name}).ok());
  }
  CHECK_FALSE(parse_uri("work://a").ok());
  CHECK_FALSE(parse_uri("work:a").ok());
  CHECK_FALSE(parse_uri("work:///" + std::string(201, 'a')).ok());
  CHECK(parse_uri("work:///" + std::string(200, 'a')).ok());
  CHECK(parse_prefix("work:///").ok());
  // A link that somebody puts there is not followed.
  REQUIRE(scratch->put("a", "x").ok());
  std::filesystem::create_symlink("/etc/passwd", place.folder.path() / "work/job-1/t1/link");
  CHECK_FALSE(scratch->open("link").ok());
  CHECK_FALSE(scratch->stage("link").ok());
}

TEST_CASE("the store opens no scratch for anybody but its job", "[store][scratch]") {
  test::StoreFixture fixture;
  const auto uri = fixture.store->check("work:///a", {}, true);
  REQUIRE(uri.ok());
  CHECK(fixture.store->open(*uri).error().code == Code::PermissionDenied);
  CHECK(fixture.store->put(*uri, "x").error().code == Code::PermissionDenied);
  CHECK(fixture.store->stage(*uri, "job-1").error().code == Code::PermissionDenied);
  CHECK(fixture.store->stat(*uri).error().code == Code::PermissionDenied);
  CHECK(fixture.store->remove(*uri).error().code == Code::PermissionDenied);
  CHECK(fixture.store->work() == nullptr);
}

TEST_CASE("scratch beyond its limit is refused with the setting's name, and cutting makes room",
          "[store][scratch]") {
  Place place;
  const auto work = place.open(100);
  const auto scratch = work->scratch(JobId{1}, 1);
  auto& a = stage(*scratch, "a");
  CHECK(a.write(std::string(60, 'a')).ok());
  const auto refused = stage(*scratch, "b").write(std::string(41, 'b'));
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.error().code == Code::Exhausted);
  CHECK(refused.error().message.find("--max-scratch") != std::string::npos);
  CHECK(stage(*scratch, "b").size() == 0);
  CHECK(scratch->put("c", std::string(41, 'c')).error().code == Code::Exhausted);
  CHECK(a.truncate(0).ok());
  CHECK(stage(*scratch, "b").write(std::string(100, 'b')).ok());
  // What an attempt takes over counts.
  REQUIRE(work->take_over(JobId{1}, 2, Before::Dead).ok());
  const auto next = work->scratch(JobId{1}, 2);
  CHECK(stage(*next, "d").write("d").error().code == Code::Exhausted);
  MemoryScratch memory{100};
  auto& in_memory = stage(memory, "a");
  CHECK(in_memory.write(std::string(101, 'a')).error().code == Code::Exhausted);
  CHECK(in_memory.write(std::string(100, 'a')).ok());
}

TEST_CASE("a full disk is told as what it is, and nothing half-written stays in a file",
          "[store][scratch]") {
  Place place;
  const auto work = place.open();
  const auto scratch = work->scratch(JobId{1}, 1);
  auto& a = stage(*scratch, "a");
  REQUIRE(a.write("whole").ok());
  place.script.room = 0;
  const auto refused = a.write("more");
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.error().code == Code::Exhausted);
  CHECK(refused.error().message.find("scratch: ") == 0);
  CHECK(refused.error().message.find("--max-scratch") == std::string::npos);
  CHECK(scratch->put("b", "x").error().code == Code::Exhausted);
  CHECK(scratch->stat("b").error().code == Code::NotFound);
  CHECK(text_of(*scratch, "a") == "whole");
}

TEST_CASE("an attempt takes over the files of the one before, and only they are left",
          "[store][scratch]") {
  const auto before = GENERATE(Before::Dead, Before::MayLive);
  Place place;
  const auto work = place.open();
  {
    const auto first = work->scratch(JobId{1}, 1);
    REQUIRE(stage(*first, "a").write("of the first").ok());
    REQUIRE(stage(*first, "empty").write("").ok());
    const auto other_job = work->scratch(JobId{2}, 5);
    REQUIRE(stage(*other_job, "a").write("of another job").ok());
  }
  REQUIRE(work->take_over(JobId{1}, 3, before).ok());  // no attempt 2 ever used scratch
  const auto next = work->scratch(JobId{1}, 3);
  CHECK(text_of(*next, "a") == "of the first");
  CHECK(stage(*next, "a").size() == 12);
  CHECK(place.files() == std::vector<std::string>{"job-1", "job-1/t3", "job-1/t3/a",
                                                  "job-1/t3/empty", "job-2", "job-2/t5",
                                                  "job-2/t5/a"});
  REQUIRE(work->take_over(JobId{3}, 2, before).ok());  // nothing is no error
  CHECK(work->scratch(JobId{3}, 2)->stat("a").error().code == Code::NotFound);
}

TEST_CASE("an attempt that goes on after it was taken over changes nothing of its successor",
          "[store][scratch]") {
  Place place;
  const auto work = place.open();
  const auto stale = work->scratch(JobId{1}, 1);
  auto& stale_writer = stage(*stale, "a");
  REQUIRE(stale_writer.write("checkpointed").ok());
  REQUIRE(work->take_over(JobId{1}, 2, Before::MayLive).ok());
  const auto next = work->scratch(JobId{1}, 2);
  auto& writer = stage(*next, "a");
  // What it does with what it has open, and with what it opens anew.
  CHECK(stale_writer.truncate(0).ok());
  CHECK(stale_writer.write("STALE").ok());
  CHECK(stale->put("b", "STALE").ok());
  CHECK(stage(*stale, "c").write("STALE").ok());
  CHECK(text_of(*next, "a") == "checkpointed");
  REQUIRE(writer.truncate(12).ok());
  REQUIRE(writer.write(" and more").ok());
  CHECK(text_of(*next, "a") == "checkpointed and more");
  CHECK(next->stat("b").error().code == Code::NotFound);
  // The attempt behind takes the right one, and the job's end takes all.
  REQUIRE(work->take_over(JobId{1}, 3, Before::MayLive).ok());
  CHECK(text_of(*work->scratch(JobId{1}, 3), "a") == "checkpointed and more");
  REQUIRE(work->remove(JobId{1}, 3).ok());
  CHECK(place.files().empty());
}

TEST_CASE("a take-over that broke off is begun anew, and never read", "[store][scratch]") {
  Place place;
  const auto work = place.open();
  {
    const auto first = work->scratch(JobId{1}, 1);
    REQUIRE(stage(*first, "a").write("whole").ok());
    REQUIRE(stage(*first, "b").write("whole").ok());
  }
  // It dies between two files: the second attempt has one of them.
  const auto folder = place.folder.path() / "work/job-1";
  std::filesystem::create_directory(folder / "t2.new");
  std::filesystem::copy_file(folder / "t1/a", folder / "t2.new/a");
  REQUIRE(work->take_over(JobId{1}, 3, Before::MayLive).ok());
  const auto next = work->scratch(JobId{1}, 3);
  CHECK(text_of(*next, "a") == "whole");
  CHECK(text_of(*next, "b") == "whole");
  CHECK(place.files() == std::vector<std::string>{"job-1", "job-1/t3", "job-1/t3/a", "job-1/t3/b"});
  // A disk that breaks: what was there stays whole.
  place.script.failing = "rename";
  CHECK_FALSE(work->take_over(JobId{1}, 4, Before::MayLive).ok());
  CHECK(text_of(*work->scratch(JobId{1}, 3), "b") == "whole");
  place.script.failing.clear();
  REQUIRE(work->take_over(JobId{1}, 4, Before::MayLive).ok());
  CHECK(text_of(*work->scratch(JobId{1}, 4), "b") == "whole");
}

TEST_CASE("removing a job's scratch leaves that of younger attempts", "[store][scratch]") {
  Place place;
  const auto work = place.open();
  for (const std::int64_t token : {1, 2, 5})
    REQUIRE(stage(*work->scratch(JobId{9}, token), "a").write("x").ok());
  std::filesystem::create_directory(place.folder.path() / "work/something else");
  CHECK(*work->jobs() == std::vector<JobId>{JobId{9}});
  REQUIRE(work->remove(JobId{9}, 2).ok());
  CHECK(work->scratch(JobId{9}, 5)->stat("a").ok());
  CHECK(work->scratch(JobId{9}, 2)->stat("a").error().code == Code::NotFound);
  REQUIRE(work->remove(JobId{9}, 5).ok());
  REQUIRE(work->remove(JobId{9}, 5).ok());
  CHECK(work->jobs()->empty());
}

TEST_CASE("a sync reaches the files that were written since the last one", "[store][scratch]") {
  Place place;
  const auto work = place.open();
  const auto scratch = work->scratch(JobId{1}, 1);
  auto& a = stage(*scratch, "a");
  auto& b = stage(*scratch, "b");
  REQUIRE(a.write("x").ok());
  REQUIRE(b.write("x").ok());
  const auto synced = [&] {
    place.script.done.clear();
    REQUIRE(scratch->sync().ok());
    std::vector<std::string> all;
    for (const auto& done : place.script.done)
      if (done.starts_with("sync")) all.push_back(done);
    return all;
  };
  CHECK(synced() == std::vector<std::string>{"sync file job-1/t1/a", "sync file job-1/t1/b",
                                             "sync folder job-1/t1"});
  CHECK(synced().empty());
  REQUIRE(b.write("y").ok());
  CHECK(synced() == std::vector<std::string>{"sync file job-1/t1/b"});
  REQUIRE(b.write("y").ok());
  place.script.failing = "sync file";
  CHECK(scratch->sync().error().code == Code::Io);
  place.script.failing.clear();
  CHECK(synced() == std::vector<std::string>{"sync file job-1/t1/b"});  // it is not forgotten
}

TEST_CASE("a run has a number of scratch files, on disk and in memory",
          "[store][scratch][limits]") {
  Place place;
  const auto work = place.open();
  const auto left = place.folder.path() / "work/job-7/t3";
  MemoryScratch memory{1u << 20};
  const auto name_of = [](std::size_t number) { return "f" + std::to_string(number); };
  // Those on disk are of the attempt before: nothing is synced for them.
  std::filesystem::create_directories(left);
  for (std::size_t i = 0; i < Scratch::kMaxFiles; ++i) {
    std::ofstream{left / name_of(i)} << 'x';
    REQUIRE(memory.put(name_of(i), "x").ok());
  }
  const auto on_disk = work->scratch(JobId{7}, 3);
  for (Scratch* const scratch : {static_cast<Scratch*>(&memory), on_disk.get()}) {
    const auto refused = scratch->put("one_more", "x");
    REQUIRE_FALSE(refused.ok());
    CHECK(refused.error().code == Code::Exhausted);
    CHECK(scratch->put(name_of(0), "y").ok());  // in the place of one that is there
  }
}
