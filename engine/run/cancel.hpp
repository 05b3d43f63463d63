#pragma once

#include <atomic>
#include <string_view>

namespace millrace {

/// Why something was stopped. The first reason given stays.
enum class StopReason : int { None = 0, User, Deadline, Overload, Shutdown, UpstreamFailed };

std::string_view to_string(StopReason reason);

/// Asks a run to stop, and remembers why. [any thread]
class Cancel {
 public:
  /// Returns false when it had been stopped before; the earlier reason stays.
  bool stop(StopReason reason) {
    auto none = StopReason::None;
    return reason_.compare_exchange_strong(none, reason, std::memory_order_acq_rel);
  }
  [[nodiscard]] bool stopped() const { return reason_.load(std::memory_order_acquire) != StopReason::None; }
  [[nodiscard]] StopReason reason() const { return reason_.load(std::memory_order_acquire); }

 private:
  std::atomic<StopReason> reason_{StopReason::None};
};

}  // namespace millrace
