#pragma once

#include <atomic>
#include <string_view>

#include "engine/base/clock.hpp"

namespace millrace {

/// Why something was stopped. The first reason given stays.
enum class StopReason : int {
  None = 0,
  User,
  Deadline,
  Overload,
  Shutdown,
  UpstreamFailed,
  NotNeeded  // of a job that was to begin if another one failed, and that one did not
};

std::string_view to_string(StopReason reason);

/// Asks a run to stop, and remembers why. [any thread]
class Cancel {
 public:
  Cancel() = default;
  /// Stops by itself, with Deadline, when somebody asks after that time.
  Cancel(const Clock& clock, Clock::Steady deadline) : clock_{&clock}, deadline_{deadline} {}

  /// Returns false when it had been stopped before; the earlier reason stays.
  bool stop(StopReason reason) {
    auto none = StopReason::None;
    return reason_.compare_exchange_strong(none, reason, std::memory_order_acq_rel);
  }
  [[nodiscard]] bool stopped() const {
    if (reason() != StopReason::None) return true;
    if (clock_ == nullptr || clock_->steady() < deadline_) return false;
    auto none = StopReason::None;
    reason_.compare_exchange_strong(none, StopReason::Deadline, std::memory_order_acq_rel);
    return true;
  }
  /// None until somebody has asked after the deadline: a run that ended in time by all that its
  /// nodes saw has ended.
  [[nodiscard]] StopReason reason() const { return reason_.load(std::memory_order_acquire); }

 private:
  const Clock* clock_ = nullptr;  // null: no deadline
  Clock::Steady deadline_{};
  mutable std::atomic<StopReason> reason_{StopReason::None};
};

}  // namespace millrace
