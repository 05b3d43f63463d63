#include "engine/job/state_files.hpp"

#include <catch2/catch.hpp>

#include "engine/base/random.hpp"
#include "job_place.hpp"
#include "mortal_scheduler.hpp"

using namespace millrace;
using test::JobPlace;
using test::must;
using test::numbers;

namespace {

Checkpoint checkpoint(std::int64_t sequence, char letter) {
  return {sequence, {{"large", std::string(100'000, letter)}, {"small", std::string(1, letter)}}};
}

std::uint64_t bytes_of(Scratch& scratch) {
  std::uint64_t sum = 0;
  must(scratch.list([&sum](std::string_view, const ObjectStat& stat) { sum += stat.size_bytes; }));
  return sum;
}

}  // namespace

TEST_CASE("a large state lies in a file, and the row names it", "[job][states]") {
  MemoryScratch scratch{1u << 20};
  StateFiles files;
  Checkpoint row = checkpoint(1, 'a');
  must(files.put(scratch, row));
  CHECK(row.states.at("small") == "a");
  CHECK(row.states.count("large") == 0);
  CHECK(row.states.at("@files").size() < 300);
  files.written(scratch);
  StateFiles next;
  must(next.read(scratch, row));
  CHECK((row.states == checkpoint(1, 'a').states));
}

TEST_CASE("states of which the row may speak are never written over", "[job][states]") {
  MemoryScratch scratch{1u << 20};
  StateFiles files;
  Checkpoint first = checkpoint(1, 'a');
  must(files.put(scratch, first));
  files.written(scratch);
  Checkpoint second = checkpoint(2, 'b');
  must(files.put(scratch, second));  // dies before its row is written, or nobody knows
  SECTION("when the row was not written") {
    must(StateFiles{}.read(scratch, first));
    CHECK((first.states == checkpoint(1, 'a').states));
  }
  SECTION("when it was") {
    must(StateFiles{}.read(scratch, second));
    CHECK((second.states == checkpoint(2, 'b').states));
  }
  SECTION("when the job goes on without knowing") {
    Checkpoint third = checkpoint(3, 'c');
    must(files.put(scratch, third));
    for (auto* row : {&first, &second, &third}) must(StateFiles{}.read(scratch, *row));
    CHECK(first.states.at("large")[0] == 'a');
    CHECK(second.states.at("large")[0] == 'b');
    CHECK(third.states.at("large")[0] == 'c');
    CHECK(bytes_of(scratch) == 300'000);
    files.written(scratch);
    CHECK(bytes_of(scratch) == 100'000);
  }
  SECTION("when an attempt goes on from the row") {
    StateFiles later;
    Checkpoint first_row = first;
    must(later.read(scratch, first));
    Checkpoint third = checkpoint(2, 'c');
    must(later.put(scratch, third));
    must(StateFiles{}.read(scratch, first_row));
    must(StateFiles{}.read(scratch, third));
    CHECK(first_row.states.at("large")[0] == 'a');
    CHECK(third.states.at("large")[0] == 'c');
  }
}

TEST_CASE("a state that is small again leaves no file", "[job][states]") {
  MemoryScratch scratch{1u << 20};
  StateFiles files;
  Checkpoint large = checkpoint(1, 'a');
  must(files.put(scratch, large));
  files.written(scratch);
  Checkpoint small{2, {{"large", "now small"}}};
  must(files.put(scratch, small));
  CHECK(small.states.count("@files") == 0);
  CHECK(bytes_of(scratch) == 100'000);
  files.written(scratch);
  CHECK(bytes_of(scratch) == 0);
}

TEST_CASE("a file that is not what the row says is no state", "[job][states]") {
  MemoryScratch scratch{1u << 20};
  StateFiles files;
  Checkpoint row = checkpoint(1, 'a');
  must(files.put(scratch, row));
  must(scratch.put("_state.0.0", std::string(100'000, 'b')));
  const auto read = StateFiles{}.read(scratch, row);
  REQUIRE_FALSE(read.ok());
  CHECK(read.error().code == Code::DataInvalid);
}

TEST_CASE("a job of whose checkpoints nothing is known any more makes no further ones",
          "[job][states]") {
  MemoryScratch scratch{2u << 20};
  StateFiles files;
  for (int i = 0; i < StateFiles::kMostInDoubt; ++i) {
    Checkpoint row = checkpoint(i, 'a');
    must(files.put(scratch, row));
  }
  Checkpoint row = checkpoint(99, 'a');
  const auto put = files.put(scratch, row);
  REQUIRE_FALSE(put.ok());
  CHECK(put.error().code == Code::Unavailable);
}

TEST_CASE("a job with a large state goes on from its file wherever its process dies",
          "[job][crash][states]") {
  const auto kind = GENERATE(SqlDialect::Sqlite, SqlDialect::MySql);
  JobPlace place{kind};
  const std::uint64_t seed = system_random().next();
  WARN("seed " << seed);
  SeededRandom random{seed};
  JobRequest request;
  request.idempotency_key = "large";
  Json document = place.pipeline({{"batches", 1'000}, {"rows", 2}}, "list");
  document["ops"][1]["params"]["state_bytes"] = 100'000;
  request.pipeline = std::move(document);
  const auto row = [&place] {
    std::size_t bytes = 0;
    must(place.catalog().read([&bytes](Connection& connection) -> Result<void> {
      MR_TRY(const SqlRows rows, connection.query("SELECT states FROM job_checkpoints"));
      if (!rows.rows.empty()) bytes = std::get<std::string>(rows.rows[0].at(0)).size();
      return {};
    }));
    return bytes;
  };
  std::size_t lives = 1;
  std::size_t largest = 0;
  while (!test::live_once(place, {request}, random.next(),
                          lives > test::most_deaths(kind) ? 1'000'000 : 4 + random.next() % 8)) {
    ++lives;
    place.open(false);
    must(place.store_of_jobs().expire_leases());
    largest = std::max(largest, row());
    place.close();
  }
  WARN("lives " << lives << ", largest row " << largest);
  CHECK(lives > 1);
  CHECK(largest < 10'000);
  const auto jobs = must(place.store_of_jobs().list({}));
  REQUIRE(jobs.size() == 1);
  CHECK(jobs[0].state == JobState::Finished);
  CHECK(jobs[0].counts == Json{{"generated", 1}, {"read", 2000}, {"written", 2000}});
  CHECK((place.read("list") == numbers(2000)));
}
