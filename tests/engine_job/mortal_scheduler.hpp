#pragma once

#include <deque>
#include <mutex>
#include <vector>

#include "engine/base/random.hpp"
#include "job_place.hpp"

namespace millrace::test {

/// Runs tasks on the test's thread in an order drawn from a seed, and none any more once its budget
/// is spent: what a dead process does.
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

/// Lives of a test that are cut short at a database of this kind: each keeps its connections, of
/// which a server has 150.
inline std::size_t most_deaths(SqlDialect kind) { return kind == SqlDialect::Sqlite ? 7 : 3; }

/// One life of a process over the place, which submits the jobs (again): until all have ended, or
/// its tasks are used up and the place is abandoned. Returns whether they had ended.
bool live_once(JobPlace& place, const std::vector<JobRequest>& requests, std::uint64_t seed,
               std::size_t budget, std::size_t* ran = nullptr);

}  // namespace millrace::test
