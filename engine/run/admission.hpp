#pragma once

#include <cstdint>
#include <deque>
#include <mutex>

#include "engine/graph/plan.hpp"

namespace millrace {

/// Threads and memory that the nodes of a run declare: the sums over its nodes.
struct Demand {
  std::int64_t threads = 0, memory_bytes = 0;

  [[nodiscard]] bool empty() const { return threads == 0 && memory_bytes == 0; }
};

Demand demand_of(const Plan& plan);

/// Bounds what the runs that run at once declare together. A run that does not fit waits for its
/// turn, in the order in which they came; a single one always fits. Runs that declare nothing do
/// not come here. [any thread]
class Admission {
 public:
  /// 0: not bounded.
  explicit Admission(Demand most) : most_{most} {}

  /// Takes a place at the end of the queue.
  std::uint64_t queue();
  /// Says whether the run at this place may begin, which then has left the queue.
  bool try_enter(std::uint64_t place, const Demand& demand);
  /// Leaves the queue without having begun.
  void give_up(std::uint64_t place);
  /// The run has ended.
  void leave(const Demand& demand);

 private:
  [[nodiscard]] bool fits(const Demand& demand) const;

  const Demand most_;
  std::mutex mutex_;  // guards all below
  Demand used_;
  std::size_t running_ = 0;
  std::uint64_t next_ = 0;
  std::deque<std::uint64_t> waiting_;
};

}  // namespace millrace
