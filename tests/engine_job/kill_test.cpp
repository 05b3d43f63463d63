#include <cstdlib>
#include <set>
#include <signal.h>
#include <thread>
#include <unistd.h>

#include <catch2/catch.hpp>

#include "engine/base/random.hpp"
#include "job_place.hpp"

#include <sys/prctl.h>
#include <sys/wait.h>

using namespace millrace;
using namespace std::chrono_literals;
using test::JobPlace;
using test::must;
using test::numbers;

namespace {

constexpr const char* kFolderVariable = "MR_KILL_TEST_FOLDER";
constexpr int kJobs = 60;
constexpr int kBatches = 40;

// Starts this program again as a server of jobs over `folder`.
pid_t start_child(const std::string& folder) {
  const pid_t process = ::fork();
  if (process != 0) return process;
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  ::setenv(kFolderVariable, folder.c_str(), 1);
  ::execl("/proc/self/exe", "engine_job_child", "[.child]", nullptr);
  ::_exit(127);
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
    const pid_t child = start_child(folder.path().string());
    REQUIRE(child > 0);
    // The last life is left alone.
    const auto time = deaths < 12 ? std::chrono::milliseconds{100 + random.next() % 600}
                                  : std::chrono::milliseconds{240'000};
    const auto deadline = std::chrono::steady_clock::now() + time;
    int status = 0;
    while (!ended && std::chrono::steady_clock::now() < deadline) {
      ended = ::waitpid(child, &status, WNOHANG) == child;
      if (!ended) std::this_thread::sleep_for(1ms);
    }
    if (ended) {
      REQUIRE(WIFEXITED(status));
      REQUIRE(WEXITSTATUS(status) == 0);
    } else {
      REQUIRE(deaths < 12);
      ::kill(child, SIGKILL);
      ::waitpid(child, nullptr, 0);
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
    std::multiset<std::int64_t> lines;
    std::istringstream log{place.read("log" + number).value_or("")};
    for (std::string line; std::getline(log, line);)
      lines.insert(Json::parse(line).value("line", std::int64_t{0}));
    CHECK(lines.size() == 3 * kBatches + 1);
    CHECK(std::set<std::int64_t>(lines.begin(), lines.end()).size() == lines.size());
    const auto journal = place.journal(job.id);
    CHECK(std::count(journal.begin(), journal.end(), "finished") == 1);
  }
  CHECK(place.partials().empty());
}
