#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>

#include "engine/base/clock.hpp"

namespace millrace {

/// A piece of work: a plain function and its argument, so that queueing one allocates nothing.
struct Task {
  void (*run)(void* self) = nullptr;
  void* self = nullptr;
};

/// Which pool a task belongs to: compute, or blocking (files, network, SQL).
enum class Pool { Compute, Blocking };

/// Runs tasks. [any thread] Tasks may submit tasks; none may wait for another.
class Scheduler {
 public:
  virtual ~Scheduler() = default;
  virtual void submit(Task task, Pool pool = Pool::Compute) = 0;
  /// The same for a task that goes on with what the caller's has just made: the worker that calls takes its newest such
  /// task first, so that graphs are walked in depth and little waits; one that has nothing to do takes another's oldest.
  virtual void submit_next(Task task, Pool pool) { submit(task, pool); }
  /// Runs the task once, not before `delay` has passed.
  virtual void submit_after(std::chrono::milliseconds delay, Task task) = 0;
  [[nodiscard]] virtual std::size_t workers() const = 0;  // of the compute pool
  [[nodiscard]] virtual const Clock& clock() const = 0;
};

/// Threads: the compute pool and the blocking pool. Destruction waits for queued tasks.
std::unique_ptr<Scheduler> make_worker_pools(std::size_t compute, std::size_t blocking, const Clock& clock);

/// Runs tasks on the thread that calls drain(), one after the other, in an order decided by `seed` (0: first in, first
/// out): for tests, simulations and the inline lane. Delayed tasks run when nothing else is left, the clock is asked for
/// nothing.
class InlineScheduler final : public Scheduler {
 public:
  explicit InlineScheduler(const Clock& clock = system_clock(), std::uint64_t seed = 0, std::size_t pretend_workers = 1);
  ~InlineScheduler() override;
  void submit(Task task, Pool pool) override;
  void submit_after(std::chrono::milliseconds delay, Task task) override;
  [[nodiscard]] std::size_t workers() const override;
  [[nodiscard]] const Clock& clock() const override;
  /// Runs tasks until there are none.
  void drain();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace millrace
