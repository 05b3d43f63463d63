#pragma once

#include <cstdint>
#include <limits>

namespace millrace {

/// Batches between an input and the slowest node of a run: RunOptions::window of every job.
inline constexpr std::int64_t kRunWindow = 64;
/// A batch this far behind the newest has left every node, and every checkpoint to come lies behind
/// it.
inline constexpr std::int64_t kSequenceWindow = 4 * kRunWindow;

/// What operators tell after their last batch has no number: it is behind every checkpoint.
inline bool is_tail(std::int64_t sequence) {
  return sequence > std::numeric_limits<std::int64_t>::max() / 2;
}

}  // namespace millrace
