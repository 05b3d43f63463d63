#include <deque>
#include <utility>
#include <vector>

#include "engine/base/random.hpp"
#include "engine/run/scheduler.hpp"

namespace millrace {

struct InlineScheduler::State {
  const Clock& clock;
  std::size_t workers;
  std::unique_ptr<SeededRandom> random;  // null: first in, first out
  std::deque<Task> ready;
  std::deque<Task> delayed;

  Task take() {
    std::size_t place = 0;
    if (random) place = static_cast<std::size_t>(random->next() % ready.size());
    const Task task = ready[place];
    ready.erase(ready.begin() + static_cast<std::ptrdiff_t>(place));
    return task;
  }
};

InlineScheduler::InlineScheduler(const Clock& clock, std::uint64_t seed,
                                 std::size_t pretend_workers)
    : state_{new State{clock,
                       pretend_workers,
                       seed == 0 ? nullptr : std::make_unique<SeededRandom>(seed),
                       {},
                       {}}} {}

InlineScheduler::~InlineScheduler() = default;

void InlineScheduler::submit(Task task, Pool) { state_->ready.push_back(task); }

void InlineScheduler::submit_after(std::chrono::milliseconds, Task task) {
  state_->delayed.push_back(task);
}

std::size_t InlineScheduler::workers() const { return state_->workers; }

const Clock& InlineScheduler::clock() const { return state_->clock; }

void InlineScheduler::drain() {
  while (!state_->ready.empty() || !state_->delayed.empty()) {
    if (state_->ready.empty()) std::swap(state_->ready, state_->delayed);
    const Task task = state_->take();
    task.run(task.self);
  }
}

}  // namespace millrace
