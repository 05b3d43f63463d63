#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <vector>

namespace millrace {

/// The bytes of one run that wait: on edges, in outboxes, in finished pieces. While they are at the
/// bound, inputs make nothing new, replicable nodes begin nothing that is not next in order, and an
/// edge takes one parcel. What waits can always go on, so the bound is passed by what the nodes are
/// just making and cannot stall the run. [any worker]
class Budget {
 public:
  explicit Budget(std::size_t bytes) : bound_{static_cast<std::int64_t>(bytes)} {}

  /// Adds bytes, or gives them back when negative. Returns the nodes that wait for room that there
  /// is now.
  [[nodiscard]] std::vector<std::uint32_t> add(std::int64_t bytes);
  [[nodiscard]] bool has_room() const { return used_.load() < bound_; }
  /// There is room beside what is used for so much that has been begun.
  [[nodiscard]] bool has_room_beside(std::size_t bytes) const {
    return used_.load() + static_cast<std::int64_t>(bytes) < bound_;
  }
  /// The same, and when there is none add() will name the node once.
  [[nodiscard]] bool has_room_for(std::uint32_t node);
  [[nodiscard]] std::int64_t bound() const { return bound_; }

 private:
  const std::int64_t bound_;
  std::atomic<std::int64_t> used_{0};
  std::mutex mutex_;  // guards waiting_
  std::vector<std::uint32_t> waiting_;
};

}  // namespace millrace
