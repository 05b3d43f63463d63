#pragma once

#include <atomic>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "engine/run/node_runner.hpp"

namespace millrace {

// The inner structs of NodeRunner, for the files that implement it.

/// The node that this thread will pump next without going through the scheduler's queue.
struct NodeRunner::Slot {
  NodeRunner* next = nullptr;
  const RunState* run = nullptr;
  Pool pool = Pool::Compute;

  static Slot*& current();  // of this thread; null outside pump_tasks()
};

/// Batches of one parcel on their way through a serial node, or the batch that a source is about to make; after a failure
/// it goes on with the one that failed.
struct NodeRunner::Work {
  Parcel parcel{};
  std::size_t next = 0;  // first batch that is not done
  unsigned attempt = 0;
  Clock::Steady due{};
  std::vector<Emitted> out{};
  std::optional<std::string> state{};  // of the operator before the batch
};

/// A part of a parcel that one worker puts through one instance.
struct NodeRunner::Piece {
  NodeRunner* node = nullptr;
  Group* group = nullptr;
  Batch batch;
  unsigned attempt = 0;
  Clock::Steady due{};
  std::vector<Emitted> out{};
};

struct NodeRunner::Group {
  Parcel parcel;  // its batches have become pieces
  std::vector<Piece> pieces;
  std::atomic<std::size_t> missing{0};
};

struct NodeRunner::Replicas {
  std::deque<std::unique_ptr<Group>> groups;  // in order; touched inside pump() only
  bool tail_taken = false;                    // inside pump() only
  std::atomic<std::size_t> unfinished{0};     // pieces
  std::mutex mutex;                           // guards the two below
  std::vector<std::unique_ptr<Chain>> all;
  std::vector<Chain*> idle;
};

}  // namespace millrace
