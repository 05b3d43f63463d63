#pragma once

#include <cstdint>
#include <limits>
#include <mutex>
#include <optional>
#include <vector>

#include <millrace/batch.hpp>

namespace millrace {

/// What travels along an edge: all that a node made of one source batch. Every node sends exactly
/// one parcel for each sequence number that reaches it, an empty one where it dropped everything,
/// and last the tail; or, where that is too much at once, several parts of one, the same in every
/// run, of which all but the last say that there is more.
struct Parcel {
  static constexpr std::int64_t kTail = std::numeric_limits<std::int64_t>::max();

  std::int64_t sequence = 0;
  std::uint32_t input = 0;  // which input the sequence number belongs to
  bool barrier = false;     // after this one the states make a checkpoint
  bool has_more = false;    // the next parcel is another part of the same
  std::size_t bytes = 0;
  std::vector<Batch> batches;

  [[nodiscard]] bool is_tail() const { return sequence == kTail; }
  [[nodiscard]] bool is_last() const { return is_tail() && !has_more; }
};

/// The parcels between two nodes, first in first out, bounded in bytes and in number. An empty
/// queue takes any parcel: since every edge carries one parcel for each sequence number, this is
/// what keeps graphs whose branches meet again from stalling. One producer, one consumer, on any
/// threads.
class EdgeQueue {
 public:
  struct Limits {
    std::size_t bytes;
    std::size_t parcels;
  };
  struct Head {
    std::int64_t sequence;
    std::uint32_t input;
  };

  /// Takes the parcel over and returns true, or leaves it and remembers that the producer waits.
  bool try_push(Parcel& parcel, const Limits& limits);
  /// Tells what stands first. [consumer]
  [[nodiscard]] std::optional<Head> head() const;
  /// Takes the first parcel, if there is one; `producer_waits` tells whether a push was refused
  /// since the last pop. [consumer]
  std::optional<Parcel> pop(bool& producer_waits);

 private:
  mutable std::mutex mutex_;  // guards all below
  std::vector<Parcel> parcels_;
  std::size_t first_ = 0;  // of parcels_; those before it were taken
  std::size_t bytes_ = 0;
  bool producer_waits_ = false;
};

}  // namespace millrace
