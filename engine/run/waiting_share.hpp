#pragma once

#include <cstddef>
#include <deque>
#include <mutex>

#include "engine/run/scheduler.hpp"

namespace millrace {

/// The threads of the waiting pool that one run may hold: tasks over its share wait here, in the
/// run, and each is started by the end of an earlier one. So a run whose servers hang takes a part
/// of the pool and not all of it. [any thread] What waits here is bounded by the nodes of the run
/// and the pieces of its replicable ones.
class WaitingShare {
 public:
  explicit WaitingShare(Scheduler& scheduler)
      : scheduler_{scheduler}, most_{scheduler.waiting_share()} {}

  /// Has the task run by the waiting pool, now or when another of this run has ended. It calls
  /// done() as its last act but that of leaving the run.
  void submit(Task task);
  void done();

 private:
  Scheduler& scheduler_;
  const std::size_t most_;
  std::mutex mutex_;  // guards all below
  std::size_t held_ = 0;
  std::deque<Task> kept_;
};

}  // namespace millrace
