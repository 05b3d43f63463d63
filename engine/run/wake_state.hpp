#pragma once

#include <atomic>
#include <cstdint>

namespace millrace {

/// Decides who pumps a node, one thread at a time, so that no change goes unseen:
///
///   idle --poke--> poked --begin--> running --try_end--> idle
///                                   running --poke--> running and poked --begin--> running
///
/// Whoever pokes has changed something else before, and whoever pumps looks at that after begin().
/// A load in poke(), or a plain store in begin(), may pass the other access (x86 keeps stores in a
/// buffer while it loads): the poke would see `poked`, the pump would see the old state of affairs,
/// and nobody would look again. Both sides modify the state in one step, so one of them comes
/// second and sees what the first did before. `Atomic`: std::atomic, or what a test puts there.
template <template <class> class Atomic>
class BasicWakeState {
 public:
  /// True: nobody pumps the node or is about to, so the caller sees to it. [any thread]
  bool poke() { return state_.fetch_or(kPoked, std::memory_order_acq_rel) == kIdle; }

  // [the thread that pumps]
  void begin() { state_.exchange(kRunning, std::memory_order_acq_rel); }
  /// False: there was a poke since begin(), which is to be called again.
  bool try_end() {
    std::uint8_t running = kRunning;
    return state_.compare_exchange_strong(running, kIdle, std::memory_order_acq_rel);
  }

  [[nodiscard]] bool is_running() const {
    return (state_.load(std::memory_order_acquire) & kRunning) != 0;
  }

 private:
  // Sets of two bits: a poke adds its own whatever the other is.
  static constexpr std::uint8_t kIdle = 0, kPoked = 1, kRunning = 2;

  Atomic<std::uint8_t> state_{kIdle};
};

using WakeState = BasicWakeState<std::atomic>;

}  // namespace millrace
