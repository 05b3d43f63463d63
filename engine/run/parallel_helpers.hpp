#pragma once

#include <memory>

#include "engine/plugin/parallel_calls.hpp"
#include "engine/run/scheduler.hpp"

namespace millrace {

/// Lets the compute pool of a scheduler help with parallel calls: as many threads as the pool has,
/// the caller's among them. Helpers are queued like other work and outlive the run that invited
/// them. [any thread]
class SchedulerHelpers final : public ParallelHelpers {
 public:
  explicit SchedulerHelpers(Scheduler& scheduler) : scheduler_{scheduler} {}
  void invite(const std::shared_ptr<ParallelCalls>& calls, std::uint64_t most) override;

 private:
  Scheduler& scheduler_;
};

}  // namespace millrace
