#include "engine/job/run_contents.hpp"

#include <catch2/catch.hpp>

#include "tests/engine_store/store_fixture.hpp"

using namespace millrace;
using namespace millrace::test;

namespace {

// SHA-256 of "abc", FIPS 180-4.
const std::string kAbc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
const std::string kPlace = ".blobs/ba/" + kAbc;

// The contents of one run of a job, whose notes lie in a list.
struct Run {
  explicit Run(StoreSettings settings = {}) : fixture{std::move(settings)} {
    guard.renewed(clock.steady(), std::chrono::hours{1});
  }

  Result<std::string> make(std::string_view bytes) {
    MR_TRY(ObjectWriter* const writer, contents.stage());
    MR_CHECK(writer->write(bytes));
    return writer->seal();
  }

  StoreFixture fixture;
  const Clock& clock = system_clock();
  LeaseGuard guard{clock, LeaseGuard::Ends::WhenLost};
  std::vector<std::string> notes;
  Result<bool> answer = true;
  RunContents contents{*fixture.store, &guard, [this](std::string_view sha256) {
                         fixture.script.done.push_back("note");
                         notes.emplace_back(sha256);
                         return answer;
                       }};
};

Code code_of(const Result<void>& result) { return result.error().code; }

}  // namespace

TEST_CASE("a content is noted before it has its place, and has its name then", "[job][contents]") {
  Run run;
  ObjectWriter* const writer = *run.contents.stage();
  REQUIRE(writer->write("a").ok());
  REQUIRE(writer->write("bc").ok());
  CHECK(writer->size() == 3);
  CHECK_FALSE(run.contents.has(kAbc));
  run.fixture.script.done.clear();
  CHECK(*writer->seal() == kAbc);
  const auto& done = run.fixture.script.done;
  REQUIRE(done.size() == 6);
  CHECK(done[0].starts_with("sync file .blobs/.put/"));
  CHECK(done[1] == "note");
  CHECK(done[2].starts_with("rename .blobs/.put/"));
  CHECK(run.notes == std::vector{kAbc});
  CHECK(run.contents.has(kAbc));
  CHECK(run.fixture.files() == std::vector{kPlace});
}

TEST_CASE("a content that is sealed takes nothing more", "[job][contents]") {
  Run run;
  ObjectWriter* const writer = *run.contents.stage();
  REQUIRE(writer->write("abc").ok());
  CHECK(writer->truncate(3).ok());
  CHECK(code_of(writer->truncate(0)) == Code::InvalidArgument);
  CHECK(code_of(writer->truncate(4)) == Code::InvalidArgument);
  REQUIRE(writer->seal().ok());
  CHECK(writer->seal().error().code == Code::InvalidArgument);
  CHECK(code_of(writer->write("d")) == Code::InvalidArgument);
  CHECK(writer->size() == 3);
  CHECK(run.notes.size() == 1);
  CHECK(run.fixture.store->blobs()->verify(kAbc).ok());
}

TEST_CASE("each content has a writer of its own, the same bytes one place, and none is too short",
          "[job][contents]") {
  Run run;
  ObjectWriter* const first = *run.contents.stage();
  ObjectWriter* const second = *run.contents.stage();
  CHECK(first != second);
  REQUIRE(first->write("abc").ok());
  REQUIRE(second->write("abc").ok());
  CHECK(*first->seal() == kAbc);
  CHECK(*second->seal() == kAbc);
  CHECK(run.fixture.files() == std::vector{kPlace});
  CHECK(*run.make("") == to_hex(sha256("")));
  CHECK(run.fixture.files().size() == 2);
  CHECK(run.contents.close().size() == 2);
}

TEST_CASE("what is not sealed leaves nothing", "[job][contents]") {
  Run run;
  ObjectWriter* const writer = *run.contents.stage();
  REQUIRE(writer->write("abc").ok());
  CHECK(run.fixture.files().size() == 1);
  CHECK(run.contents.close().empty());
  CHECK(run.fixture.files().empty());
  CHECK(run.notes.empty());
}

TEST_CASE("an attempt without its lease makes no content", "[job][contents][fencing]") {
  Run run;
  ObjectWriter* const writer = *run.contents.stage();
  ObjectWriter* const other = *run.contents.stage();
  REQUIRE(writer->write("abc").ok());
  SECTION("it was lost before") { run.guard.lose(); }
  SECTION("the catalog refuses its token") {
    run.answer = Error{Code::Conflict, "the token is another's"};
    CHECK(writer->seal().error().code == Code::Conflict);
    CHECK(run.fixture.files().size() == 1);  // the other's
    run.guard.lose();
  }
  CHECK_FALSE(writer->seal().ok());
  CHECK(code_of(other->write("x")) == Code::Cancelled);
  CHECK(run.contents.stage().error().code == Code::Cancelled);
  CHECK(run.contents.close().empty());
  CHECK(run.fixture.files().empty());
}

TEST_CASE("where nobody keeps notes, the run holds its contents until it ends", "[job][contents]") {
  Run run;
  run.answer = false;
  auto& blobs = *run.fixture.store->blobs();
  const auto unreferred = [] { return Result<bool>{false}; };
  CHECK(*run.make("abc") == kAbc);
  CHECK_FALSE(*blobs.remove_unless(kAbc, unreferred));
  CHECK(run.contents.close() == std::vector{kAbc});
  CHECK(*blobs.remove_unless(kAbc, unreferred));
}

TEST_CASE("a disk that fills or breaks makes no content, and the message says what to do",
          "[job][contents][fault]") {
  Run run;
  run.fixture.script.room = 2;
  const auto full = run.make("abc");
  CHECK(full.error().code == Code::Exhausted);
  run.fixture.script.room = 100;
  for (const auto* operation : {"create", "sync file", "rename"}) {
    INFO(operation);
    run.fixture.script.failing = operation;
    CHECK(run.make("abc").error().code == Code::Io);
    run.fixture.script.failing.clear();
  }
  CHECK(run.contents.close().empty());
  CHECK(run.fixture.files().empty());
  CHECK(run.make("abc").ok());
}

TEST_CASE("a run makes no more contents than it may", "[job][contents][limits]") {
  SECTION("bytes") {
    Run run{{.max_content_bytes = 5}};
    REQUIRE(run.make("abc").ok());
    const auto refused = run.make("def");
    CHECK(refused.error().code == Code::Exhausted);
    CHECK(refused.error().message.find("--max-contents") != std::string::npos);
    CHECK(run.make("de").ok());
  }
  SECTION("at once") {
    Run run;
    std::vector<ObjectWriter*> open;
    for (std::size_t i = 0; i < RunContents::kMostOpen; ++i) open.push_back(*run.contents.stage());
    CHECK(run.contents.stage().error().code == Code::Exhausted);
    REQUIRE(open.front()->seal().ok());
    CHECK(run.contents.stage().ok());
  }
  SECTION("in all") {
    Run run;
    run.fixture.script.failing = "sync file";  // a seal that fails is quick
    for (std::size_t i = 0; i < RunContents::kMost; ++i) {
      const auto writer = run.contents.stage();
      if (!writer.ok() || (*writer)->seal().ok()) FAIL(i);
    }
    CHECK(run.contents.stage().error().code == Code::Exhausted);
  }
}

TEST_CASE("a store without a folder has no contents", "[job][contents]") {
  const auto bare = *Store::open(StoreSettings{});
  RunContents contents{*bare, nullptr, [](std::string_view) { return Result<bool>{true}; }};
  CHECK(contents.stage().error().code == Code::InvalidArgument);
}
