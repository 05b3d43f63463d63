#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include <catch2/catch.hpp>

#include "engine/base/random.hpp"
#include "engine/job/inline_services.hpp"
#include "engine/store/work_folder.hpp"
#include "full_catalog.hpp"
#include "tests/fixtures/child_process.hpp"

#include <fmt/format.h>

using namespace millrace;
using namespace std::chrono_literals;
using test::comes;
using test::JobPlace;
using test::must;
using test::numbers;

namespace {

// Numbers through scratch: output.keeper appends each to a scratch file, and reads the file at its
// end.
Json keeping(const Json& numbers, const Json& params = Json::object()) {
  return {{"ops",
           {{{"name", "in"},
             {"type", "input.numbers"},
             {"preOps", Json::array()},
             {"postOps", {"out"}},
             {"params", numbers}},
            {{"name", "out"},
             {"type", "output.keeper"},
             {"preOps", {"in"}},
             {"postOps", Json::array()},
             {"params", params}}}}};
}

// What lies in the folder of scratch, also while some of it is being removed.
std::vector<std::string> scratch_of(const JobPlace& place) {
  std::vector<std::string> names;
  const auto root = place.folder() / "work";
  if (!std::filesystem::exists(root)) return names;
  std::error_code gone, not_told;
  std::filesystem::recursive_directory_iterator entry{root, gone};
  for (; entry != std::filesystem::recursive_directory_iterator{}; entry.increment(gone)) {
    if (entry->is_regular_file(not_told))
      names.push_back(entry->path().lexically_relative(root).string());
  }
  if (gone) return scratch_of(place);  // a folder that was being read
  return names;
}

// Says whether a checkpoint of the job speaks of bytes in scratch.
bool has_kept(JobPlace& place, JobId id) {
  const auto checkpoint = must(place.store_of_jobs().last_checkpoint(id));
  return checkpoint && checkpoint->states.at("out") != "0";
}

}  // namespace

TEST_CASE("a job finds in scratch what it wrote, alone, and scratch goes with the job",
          "[job][scratch]") {
  JobPlace place;
  place.open();
  std::vector<JobId> ids;
  for (int i = 0; i < 3; ++i) ids.push_back(place.submit(keeping({{"batches", 20}, {"rows", 3}})));
  for (const auto id : ids) {
    const Job job = place.wait_until_final(id);
    INFO(job.error.dump());
    CHECK(job.state == JobState::Finished);
    CHECK(job.result == Json{{"kept", numbers(60)}});
  }
  // It was no output.
  for (const auto id : ids) CHECK(must(place.store_of_jobs().outputs(id)).empty());
  place.close();
  CHECK(scratch_of(place).empty());
  CHECK(std::filesystem::is_empty(place.folder() / "work"));
}

TEST_CASE("the next attempt finds the scratch of the checkpoint", "[job][scratch]") {
  const auto dialect = GENERATE(SqlDialect::Sqlite, SqlDialect::MySql);
  JobPlace place{dialect};
  place.open();
  const auto id = place.submit(keeping({{"batches", 20},
                                        {"gate", place.path("gate")},
                                        {"gate_at", 10},
                                        {"fail_at", 15},
                                        {"fail_until", place.path("mended")}}));
  REQUIRE(comes([&] { return has_kept(place, id); }));  // at the gate, on a loaded machine too
  place.touch("gate");
  place.wait(id, [](const Job& job) { return job.failures > 0; });
  place.touch("mended");
  const Job job = place.wait_until_final(id);
  INFO(job.error.dump());
  CHECK(job.state == JobState::Finished);
  CHECK(job.attempt > 1);
  CHECK(job.result == Json{{"kept", numbers(20)}});
  place.close();
  CHECK(scratch_of(place).empty());
}

TEST_CASE("the attempt after a crash finds the scratch of the checkpoint, beside one that lives on",
          "[job][scratch]") {
  JobPlace place;
  place.open();
  const auto id = place.submit(
      keeping({{"batches", 20}, {"gate", place.path("gate")}, {"gate_at", 10}, {"deaf", true}}));
  // Its input stands in a call; what was before is in a checkpoint.
  REQUIRE(comes([&place] { return std::filesystem::exists(place.path("gate.reached")); }));
  REQUIRE(comes([&] { return has_kept(place, id); }));
  std::fstream first{place.folder() / "work" / fmt::format("job-{}/t1/kept", id.value)};
  REQUIRE(first.is_open());
  std::filesystem::remove(place.path("gate.reached"));
  place.abandon();  // its threads go on when the gate opens
  place.open();
  REQUIRE(comes([&place] { return std::filesystem::exists(place.path("gate.reached")); }));
  // What the first one writes from now on concerns nobody.
  first << "stale" << std::flush;
  CHECK(first.good());
  place.touch("gate");
  const Job job = place.wait_until_final(id);
  INFO(job.error.dump());
  CHECK(job.state == JobState::Finished);
  CHECK(job.attempt > 1);
  CHECK(job.result == Json{{"kept", numbers(20)}});
}

TEST_CASE("scratch beyond the limit fails the job, with the name of the setting",
          "[job][scratch]") {
  JobPlace place;
  place.max_scratch_bytes = 100;
  place.open();
  const Job job = place.wait_until_final(place.submit(keeping({{"batches", 60}})));
  CHECK(job.state == JobState::Failed);
  CHECK(job.error["code"] == "exhausted");
  CHECK(job.error["message"].get<std::string>().find("--max-scratch") != std::string::npos);
  place.close();
  CHECK(scratch_of(place).empty());
}

TEST_CASE("scratch of jobs that have ended or are not known goes at the start, no other",
          "[job][scratch]") {
  const auto dialect = GENERATE(SqlDialect::Sqlite, SqlDialect::MySql);
  JobPlace place{dialect};
  place.open();
  const auto ended = place.submit(keeping({{"batches", 1}}));
  place.wait_until_final(ended);
  place.close();
  place.open(false);
  const auto waiting = place.submit(keeping({{"batches", 1}, {"gate", place.path("gate")}}));
  for (const auto id : {ended, JobId{987'654}, waiting})
    must(must(place.store().work()->scratch(id, 1)->stage("left"))->write("x"));
  CHECK(scratch_of(place).size() == 3);
  place.close();
  place.open();
  place.wait_for(waiting, JobState::Running);
  const auto deadline = std::chrono::steady_clock::now() + 60s;
  while (scratch_of(place).size() > 1 && std::chrono::steady_clock::now() < deadline)
    std::this_thread::sleep_for(1ms);
  CHECK(scratch_of(place) ==
        std::vector<std::string>{"job-" + std::to_string(waiting.value) + "/t1/left"});
  place.touch("gate");
  place.wait_until_final(waiting);
  place.close();
  CHECK(scratch_of(place).empty());
}

TEST_CASE("an abort takes the scratch of a job that waits for its next attempt", "[job][scratch]") {
  JobPlace place;
  place.settings.retry_first = place.settings.retry_longest = 600'000ms;
  place.open();
  const auto id = place.submit(
      keeping({{"batches", 20}, {"gate_at", 10}, {"fail_until", place.path("never")}}));
  place.wait(id, [](const Job& job) { return job.failures > 0; });
  // Its operator may have had no batch yet.
  must(must(place.store().work()->scratch(id, 1)->stage("left"))->write("x"));
  CHECK_FALSE(scratch_of(place).empty());
  must(place.service().abort(id, StopReason::User));
  place.close();
  CHECK(scratch_of(place).empty());
}

TEST_CASE("no parameter names scratch: what is written there is gone with the job",
          "[job][scratch]") {
  JobPlace place;
  place.open(false);
  InlineServices services{{place.store(), place.catalog(), place.service()}, {}, {}};
  for (const bool for_writing : {false, true}) {
    const auto checked = services.check_uri("work:///a", for_writing);
    REQUIRE_FALSE(checked.ok());
    CHECK(checked.error().code == Code::InvalidArgument);
    CHECK(checked.error().detail == "uri_scheme");
  }
}

TEST_CASE("a run that is answered at once has scratch in memory, within a bound",
          "[job][scratch][inline]") {
  JobPlace place;
  place.open(false);
  InlineServices services{{place.store(), place.catalog(), place.service()}, {}, {}};
  CHECK_FALSE(services.has_scratch());
  ObjectWriter* const writer = must(services.stage("work:///a"));
  CHECK(services.has_scratch());
  CHECK(writer->write("text").ok());
  CHECK(must(services.stat("work:///a")).size_bytes == 4);
  CHECK(services.put("work:///b", "x").ok());
  std::vector<std::string> listed;
  must(services.list("work:///",
                     [&listed](const ListedObject& object) { listed.emplace_back(object.uri); }));
  CHECK(listed == std::vector<std::string>{"work:///a", "work:///b"});
  CHECK(writer->write(std::string(InlineServices::kScratchBytes, 'x')).error().code ==
        Code::Exhausted);
  CHECK_FALSE(services.has_written());  // there is nothing to publish
  must(services.publish());
  InlineServices other{{place.store(), place.catalog(), place.service()}, {}, {}};
  CHECK(other.open("work:///a").error().code == Code::NotFound);
  CHECK(scratch_of(place).empty());
}

namespace {

constexpr const char* kFolderVariable = "MR_SCRATCH_TEST_FOLDER";
constexpr int kJobs = 6, kBatches = 60, kMostDeaths = 5;

}  // namespace

// Not a test: what the process does that is killed.
TEST_CASE("child of the scratch test", "[.scratch_child]") {
  const char* folder = std::getenv(kFolderVariable);
  REQUIRE(folder != nullptr);
  JobPlace place{std::filesystem::path{folder}};
  place.open();
  std::vector<JobId> ids;
  for (int job = 0; job < kJobs; ++job) {
    JobRequest request;
    request.pipeline = keeping({{"batches", kBatches}, {"rows", 3}, {"pause_us", 2'000}});
    request.idempotency_key = std::to_string(job);
    ids.push_back(place.submit(std::move(request)));
  }
  for (const auto id : ids) REQUIRE(place.wait_until_final(id).state == JobState::Finished);
}

TEST_CASE("SIGKILL at random moments costs no job its scratch, and leaves none behind",
          "[job][scratch][kill]") {
  const std::uint64_t seed = system_random().next();
  INFO("seed " << seed);
  SeededRandom random{seed};
  const test::TemporaryFolder folder;
  int deaths = 0;
  for (bool ended = false; !ended;) {
    test::ChildProcess child{{"env", std::string{kFolderVariable} + "=" + folder.path().string(),
                              std::filesystem::read_symlink("/proc/self/exe").string(),
                              "[.scratch_child]"}};
    // The last life is left alone.
    const auto time = deaths < kMostDeaths ? std::chrono::milliseconds{150 + random.next() % 500}
                                           : std::chrono::milliseconds{120'000};
    const auto deadline = std::chrono::steady_clock::now() + time;
    while (!ended && std::chrono::steady_clock::now() < deadline) {
      ended = !child.is_running();
      if (!ended) std::this_thread::sleep_for(1ms);
    }
    if (ended) {
      REQUIRE(child.wait() == 0);
    } else {
      REQUIRE(deaths < kMostDeaths);
      child.kill();
      ++deaths;
    }
  }
  JobPlace place{folder.path()};
  place.open(false);
  const auto jobs = must(place.store_of_jobs().list({.limit = 1'000}));
  CHECK(jobs.size() == kJobs);
  for (const Job& job : jobs) CHECK(job.result == Json{{"kept", numbers(3 * kBatches)}});
  place.close();
  CHECK(scratch_of(place).empty());
}
