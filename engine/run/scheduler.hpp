#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <utility>

#include "engine/base/clock.hpp"

namespace millrace {

/// A piece of work: a plain function and its argument, so that queueing one allocates nothing.
struct Task {
  void (*run)(void* self) = nullptr;
  void* self = nullptr;
};

/// Returns a task that calls `work`, which it owns until then: for what is rare, since it
/// allocates. It has to run, once.
inline Task make_task(std::function<void()> work) {
  return {[](void* self) {
            const std::unique_ptr<std::function<void()>> mine{
                static_cast<std::function<void()>*>(self)};
            (*mine)();
          },
          new std::function<void()>{std::move(work)}};
}

/// Which pool a task belongs to. What must always answer shares no thread with what may wait for
/// somebody else.
enum class Pool {
  Control,  // requests, the life of jobs, checkpoints, aborts: files and database, never an
            // operator of a queued job
  Waiting,  // operators that are declared `blocking`: files, network, SQL
  Compute,  // all other operators
  Hashing,  // passwords, which are slow and large to hash on purpose: who guesses at them holds up
            // nobody else
  Databases,  // requests that ask a database of the user: one that is away holds up none but these
  Upkeep,     // slow work of the engine itself: copying what earlier attempts staged, removing what
              // ended jobs left
};

/// Threads of the pools of which a setting tells how many, at least one.
struct PoolSizes {
  std::size_t control = 8;
  std::size_t waiting = 32;
  std::size_t compute = 2;
  std::size_t hashing = 2;
  std::size_t databases = 1;
  std::size_t waiting_share = 0;  // of the waiting pool, for one run; 0: a quarter
  // What the nodes of all runs may declare together; 0: not bounded.
  std::int64_t declared_threads = 0, declared_memory_bytes = 0;
};

class Admission;

/// Runs tasks. [any thread] Tasks may submit tasks; none may wait for another.
class Scheduler {
 public:
  virtual ~Scheduler() = default;
  virtual void submit(Task task, Pool pool = Pool::Compute) = 0;
  /// The same for a task that goes on with what the caller's has just made: the worker that calls
  /// takes its newest such task first, so that graphs are walked in depth and little waits; one
  /// that has nothing to do takes another's oldest.
  virtual void submit_next(Task task, Pool pool) { submit(task, pool); }
  /// Runs the task once, not before `delay` has passed, on a thread that serves nothing else: it
  /// comes in time whatever the pools do. So it is short, and submits what may take long.
  virtual void submit_after(std::chrono::milliseconds delay, Task task) = 0;
  [[nodiscard]] virtual std::size_t workers() const = 0;  // of the compute pool
  /// How many threads of the waiting pool one run may hold.
  [[nodiscard]] virtual std::size_t waiting_share() const { return workers(); }
  [[nodiscard]] virtual const Clock& clock() const = 0;
  /// Decides when runs that declare resources begin; null: at once.
  [[nodiscard]] virtual Admission* admission() { return nullptr; }
  /// So many more threads, or fewer when negative, are those of an operator: as many of the compute
  /// pool pause, all but one.
  virtual void hold_compute(std::ptrdiff_t /*threads*/) {}
};

/// The threads of all pools. Destruction waits for queued tasks.
std::unique_ptr<Scheduler> make_worker_pools(const PoolSizes& sizes, const Clock& clock);

/// Runs tasks on the thread that calls drain(), one after the other, in an order decided by `seed`
/// (0: first in, first out): for tests, simulations and the inline lane. Delayed tasks run when
/// nothing else is left, the clock is asked for nothing.
class InlineScheduler final : public Scheduler {
 public:
  explicit InlineScheduler(const Clock& clock = system_clock(), std::uint64_t seed = 0,
                           std::size_t pretend_workers = 1);
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
