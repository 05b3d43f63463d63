#include <numeric>

#include <catch2/catch.hpp>

#include "engine/base/random.hpp"
#include "job_place.hpp"
#include "mortal_scheduler.hpp"

using namespace millrace;
using test::JobPlace;
using test::MortalScheduler;
using test::must;
using test::numbers;

namespace {

constexpr int kJobs = 3;
constexpr int kBatches = 12;

// One life of a process over the place: until all jobs have ended, or its tasks are used up.
// Returns whether they had ended.
bool live(JobPlace& place, std::uint64_t seed, std::size_t budget, std::size_t* ran = nullptr) {
  std::vector<JobRequest> requests;
  for (int job = 0; job < kJobs; ++job) {
    const auto number = std::to_string(job);
    JobRequest request;
    request.pipeline = place.pipeline({{"batches", kBatches}, {"rows", 2}, {"events", true}},
                                      "list" + number, "log" + number);
    request.idempotency_key = number;
    requests.push_back(std::move(request));
  }
  return test::live_once(place, requests, seed, budget, ran);
}

void check_all_done_once(JobPlace& place) {
  const auto jobs = must(place.store_of_jobs().list({}));
  REQUIRE(jobs.size() == kJobs);
  for (const Job& job : jobs) {
    const std::string number = job.idempotency_key;
    INFO("job " << number << " " << to_string(job.state) << " " << job.error.dump());
    CHECK(job.state == JobState::Finished);
    CHECK(job.counts == Json{{"generated", 1}, {"read", 2 * kBatches}, {"written", 2 * kBatches}});
    CHECK(place.read("list" + number) == numbers(2 * kBatches));
    // In the order of the list, each once, and the summary.
    std::vector<std::int64_t> lines, wanted(2 * kBatches);
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

}  // namespace

TEST_CASE("wherever a process dies, nothing is lost and nothing is doubled", "[job][crash]") {
  const std::uint64_t seed = system_random().next();
  WARN("seed " << seed);
  SeededRandom random{seed};
  std::size_t tasks = 0;
  {
    JobPlace place;
    REQUIRE(live(place, seed, 1'000'000, &tasks));
    check_all_done_once(place);
  }
  REQUIRE(tasks > 10);
  WARN("tasks of an undisturbed life " << tasks);
  for (int round = 0; round < 25; ++round) {
    JobPlace place;
    // One to three deaths, each anywhere in the work.
    const int deaths = 1 + static_cast<int>(random.next() % 3);
    std::string story;
    bool ended = false;
    for (int death = 0; death < deaths && !ended; ++death) {
      const std::size_t budget = 1 + random.next() % tasks;
      story += " dies after " + std::to_string(budget) + " tasks,";
      ended = live(place, random.next(), budget);
      if (ended) place.close();
    }
    INFO("seed " << seed << " round " << round << story);
    REQUIRE(live(place, random.next(), 1'000'000));
    check_all_done_once(place);
  }
}
