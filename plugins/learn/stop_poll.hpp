#pragma once

#include <cstddef>
#include <functional>

#include <millrace/context.hpp>

namespace millrace::learn {

/// Whether the work at hand is to stop; empty: never. [any thread]
using IsStopping = std::function<bool()>;

/// Asks so once in some thousand steps of a loop over data, since the question costs more than a
/// step. [one thread]
class StopPoll {
 public:
  static constexpr std::size_t kSteps = std::size_t{1} << 16;  // of some 10 ns each

  /// `is_stopping` lives longer.
  explicit StopPoll(const IsStopping& is_stopping) : is_stopping_{is_stopping} {}
  /// Says that as many steps are done. Throws Failure with Cancelled when it is time to stop.
  void step(std::size_t steps = 1) {
    if (steps < left_) {
      left_ -= steps;
      return;
    }
    left_ = kSteps;
    if (is_stopping_ && is_stopping_()) throw Failure{MR_CANCELLED, "stopped"};
  }

 private:
  const IsStopping& is_stopping_;
  std::size_t left_ = kSteps;
};

}  // namespace millrace::learn
