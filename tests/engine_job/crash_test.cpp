#include <deque>
#include <mutex>
#include <set>

#include <catch2/catch.hpp>

#include "engine/base/random.hpp"
#include "job_place.hpp"

using namespace millrace;
using test::JobPlace;
using test::must;
using test::numbers;

namespace {

// Runs tasks on the test's thread in an order drawn from a seed, and none any more once its budget
// is spent: what a dead process does.
class MortalScheduler final : public Scheduler {
 public:
  MortalScheduler(std::uint64_t seed, std::size_t budget) : random_{seed}, budget_{budget} {}
  // What a process leaves undone stays where the leak checker finds it: nobody runs or frees it.
  ~MortalScheduler() override {
    static auto* const undone = new std::deque<Task>;
    undone->insert(undone->end(), ready_.begin(), ready_.end());
    undone->insert(undone->end(), delayed_.begin(), delayed_.end());
  }

  void submit(Task task, Pool) override {
    const std::lock_guard lock{mutex_};
    ready_.push_back(task);
  }
  void submit_after(std::chrono::milliseconds, Task task) override {
    const std::lock_guard lock{mutex_};
    delayed_.push_back(task);
  }
  [[nodiscard]] std::size_t workers() const override { return 2; }
  [[nodiscard]] const Clock& clock() const override { return system_clock(); }

  [[nodiscard]] bool is_dead() const { return ran_ >= budget_; }
  [[nodiscard]] std::size_t ran() const { return ran_; }
  /// Runs one task; false when there is none or it is dead.
  bool run_one(bool with_delayed) {
    if (is_dead()) return false;
    Task task;
    {
      const std::lock_guard lock{mutex_};
      auto& from = ready_.empty() && with_delayed ? delayed_ : ready_;
      if (from.empty()) return false;
      const auto place = static_cast<std::ptrdiff_t>(random_.next() % from.size());
      task = from[static_cast<std::size_t>(place)];
      from.erase(from.begin() + place);
    }
    ++ran_;
    task.run(task.self);
    return true;
  }

 private:
  SeededRandom random_;
  const std::size_t budget_;
  std::size_t ran_ = 0;
  std::mutex mutex_;  // guards the two below: the catalog's writer submits too
  std::deque<Task> ready_, delayed_;
};

constexpr int kJobs = 3;
constexpr int kBatches = 12;

// One life of a process over the place: until all jobs have ended, or its tasks are used up.
// Returns whether they had ended.
bool live(JobPlace& place, std::uint64_t seed, std::size_t budget, std::size_t* ran = nullptr) {
  auto owned = std::make_unique<MortalScheduler>(seed, budget);
  auto& scheduler = *owned;
  place.open(false, std::move(owned));
  for (int job = 0; job < kJobs; ++job) {
    const auto number = std::to_string(job);
    JobRequest request;
    request.pipeline = place.pipeline({{"batches", kBatches}, {"rows", 2}, {"events", true}},
                                      "list" + number, "log" + number);
    request.idempotency_key = number;
    place.submit(std::move(request));
  }
  must(place.service().start());
  bool ended = false;
  while (!ended && !scheduler.is_dead()) {
    while (scheduler.run_one(false)) {
    }
    // Callbacks of all writes so far come before this returns.
    must(place.catalog().write_and_wait([](Connection&) -> Result<void> { return {}; }));
    const auto jobs = must(place.store_of_jobs().list({}));
    ended =
        std::all_of(jobs.begin(), jobs.end(), [](const Job& job) { return is_final(job.state); });
    if (!ended) scheduler.run_one(true);
  }
  if (ran != nullptr) *ran = scheduler.ran();
  if (!ended) {
    place.abandon();
    return false;
  }
  // The last tasks of the service, so that it can be closed.
  while (place.service().counters().running > 0 || scheduler.run_one(true)) scheduler.run_one(true);
  return true;
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
    std::multiset<std::int64_t> lines;
    std::istringstream log{place.read("log" + number).value_or("")};
    for (std::string line; std::getline(log, line);)
      lines.insert(Json::parse(line).value("line", std::int64_t{0}));
    CHECK(lines.size() == 2 * kBatches + 1);
    CHECK(std::set<std::int64_t>(lines.begin(), lines.end()).size() == lines.size());
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
