#pragma once

#include <algorithm>
#include <chrono>

#include "engine/base/clock.hpp"

namespace millrace {

/// How many lines a job may write into its journal now: what an operator tells in a loop must not
/// fill it. [guarded by its owner's mutex]
class JournalCredit {
 public:
  explicit JournalCredit(Clock::Steady now) : credited_{now} {}

  /// Takes a line; false: none may be written now.
  bool take(Clock::Steady now) {
    const double passed = std::chrono::duration<double>(now - credited_).count();
    credited_ = now;
    lines_ = std::min(kBurst, lines_ + passed * kPerSecond);
    if (lines_ < 1) return false;
    lines_ -= 1;
    return true;
  }

 private:
  static constexpr double kBurst = 50;
  static constexpr double kPerSecond = 2;

  double lines_ = kBurst;
  Clock::Steady credited_;
};

}  // namespace millrace
