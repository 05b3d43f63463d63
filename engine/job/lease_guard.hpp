#pragma once

#include <atomic>
#include <chrono>
#include <limits>

#include "engine/base/clock.hpp"
#include "engine/base/result.hpp"

namespace millrace {

/// Says whether an attempt may still have effects: every one of them asks. A lease lasts, by the
/// steady clock, from before its renewal was sent, so it is over here before anybody else can have
/// it; a process that was frozen finds it over at its first effect. What is over stays over. [any
/// thread]
class LeaseGuard {
 public:
  /// Where nobody else can take a job over, a lease does not run out by itself.
  enum class Ends { ByTime, WhenLost };

  LeaseGuard(const Clock& clock, Ends ends) : clock_{clock}, ends_{ends} {}

  /// The lease was given or renewed for `time`; `asked` is when that was asked for.
  void renewed(Clock::Steady asked, std::chrono::milliseconds time) {
    // The last tenth is for the effect that has been let through.
    const auto until = (asked + time - time / 10).time_since_epoch().count();
    auto known = until_.load(std::memory_order_relaxed);
    while (known != kLost && known < until &&
           !until_.compare_exchange_weak(known, until, std::memory_order_acq_rel)) {
    }
  }
  void lose() { until_.store(kLost, std::memory_order_release); }

  /// Says whether the lease holds; once it has not, it never does again.
  [[nodiscard]] bool holds() {
    const auto until = until_.load(std::memory_order_acquire);
    if (until == kLost) return false;
    if (ends_ == Ends::WhenLost) return true;
    if (clock_.steady().time_since_epoch().count() < until) return true;
    lose();
    return false;
  }
  /// The same as an error for the operator that wanted the effect.
  [[nodiscard]] Result<void> check() {
    if (holds()) return {};
    return Error{Code::Cancelled,
                 "the lease of this attempt is over; another goes on with the job"};
  }

 private:
  using Ticks = Clock::Steady::rep;
  static constexpr Ticks kLost = std::numeric_limits<Ticks>::min();

  const Clock& clock_;
  const Ends ends_;
  std::atomic<Ticks> until_{kLost + 1};
};

}  // namespace millrace
