#include <cstdlib>
#include <filesystem>
#include <numeric>
#include <thread>

#include <catch2/catch.hpp>

#include "engine/base/random.hpp"
#include "job_place.hpp"
#include "tests/fixtures/child_process.hpp"

using namespace millrace;
using namespace std::chrono_literals;
using test::JobPlace;
using test::must;
using test::numbers;

namespace {

constexpr const char* kFolderVariable = "MR_KILL_TEST_FOLDER";
constexpr int kJobs = 60;
constexpr int kBatches = 40;

// The words that start this program again as a server of jobs over `folder`.
std::vector<std::string> child_words(const std::filesystem::path& folder) {
  return {"env", std::string{kFolderVariable} + "=" + folder.string(),
          std::filesystem::read_symlink("/proc/self/exe").string(), "[.child]"};
}

}  // namespace

// Not a test: what the process does that is killed.
TEST_CASE("child of the kill test", "[.child]") {
  const char* folder = std::getenv(kFolderVariable);
  REQUIRE(folder != nullptr);
  JobPlace place{std::filesystem::path{folder}};
  place.open();
  std::vector<JobId> ids;
  for (int job = 0; job < kJobs; ++job) {
    const auto number = std::to_string(job);
    JobRequest request;
    request.pipeline =
        place.pipeline({{"batches", kBatches}, {"rows", 3}, {"events", true}, {"pause_us", 2'000}},
                       "list" + number, "log" + number);
    request.idempotency_key = number;
    ids.push_back(place.submit(std::move(request)));
  }
  for (const auto id : ids) REQUIRE(place.wait_until_final(id).state == JobState::Finished);
}

TEST_CASE("SIGKILL at random moments loses no job and doubles none", "[job][kill]") {
  const std::uint64_t seed = system_random().next();
  WARN("seed " << seed);
  SeededRandom random{seed};
  const test::TemporaryFolder folder;
  int deaths = 0;
  for (bool ended = false; !ended;) {
    test::ChildProcess child{child_words(folder.path())};
    // The last life is left alone.
    const auto time = deaths < 12 ? std::chrono::milliseconds{100 + random.next() % 600}
                                  : std::chrono::milliseconds{240'000};
    const auto deadline = std::chrono::steady_clock::now() + time;
    while (!ended && std::chrono::steady_clock::now() < deadline) {
      ended = !child.is_running();
      if (!ended) std::this_thread::sleep_for(1ms);
    }
    if (ended) {
      REQUIRE(child.wait() == 0);
    } else {
      REQUIRE(deaths < 12);
      child.kill();
      ++deaths;
    }
  }
  WARN("deaths " << deaths);
  JobPlace place{folder.path()};
  place.open(false);
  const auto jobs = must(place.store_of_jobs().list({.limit = 1'000}));
  CHECK(jobs.size() == kJobs);
  int attempts = 0;
  for (const Job& job : jobs) attempts += job.attempt;
  WARN("attempts " << attempts);
  CHECK(attempts > kJobs);  // or nothing was killed at work
  for (const Job& job : jobs) {
    const std::string number = job.idempotency_key;
    INFO("job " << number << " attempts " << job.attempt << " crashes " << job.crashes);
    CHECK(job.state == JobState::Finished);
    CHECK(job.counts == Json{{"generated", 1}, {"read", 3 * kBatches}, {"written", 3 * kBatches}});
    CHECK(place.read("list" + number) == numbers(3 * kBatches));
    // In the order of the list, each once, and the summary.
    std::vector<std::int64_t> lines, wanted(3 * kBatches);
    std::iota(wanted.begin(), wanted.end(), std::int64_t{1});
    wanted.push_back(0);
    std::istringstream log{place.read("log" + number).value_or("")};
    for (std::string line; std::getline(log, line);)
      lines.push_back(Json::parse(line).value("line", std::int64_t{0}));
    CHECK(lines == wanted);
    const auto journal = place.journal(job.id);
    CHECK(std::count(journal.begin(), journal.end(), "finished") == 1);
  }
  CHECK(place.partials().empty());
}
