#pragma once

#include <atomic>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "engine/plugin/held_reports.hpp"
#include "engine/run/node_runner.hpp"
#include "engine/run/output.hpp"

namespace millrace {

// The inner structs of NodeRunner, for the files that implement it.

/// The node that this thread will pump next without going through the scheduler's queue.
struct NodeRunner::Slot {
  NodeRunner* next = nullptr;
  const RunState* run = nullptr;
  Pool pool = Pool::Compute;
  std::int64_t debt = 0;  // bytes that the run's budget does not know of yet

  static Slot*& current();  // of this thread; null outside pump_tasks()
};

/// What a node that is tried again knows of its tries.
struct NodeRunner::Tries {
  unsigned attempt = 0;
  Clock::Steady due{};
  Output::Mark mark{};               // what was emitted before the batch
  std::optional<std::string> state;  // of the operator before the batch
  HeldReports held;
};

/// What few nodes need.
struct NodeRunner::Seldom {
  struct {
    bool is_within = false;  // a number of which some edges have sent all and others have not
    std::vector<bool> ended_edges;  // by edge into the node: sent the last part of that number
  } merging;
  std::optional<Parcel> gathered;  // parts so far, when the operator wants them whole
  std::int64_t tail_parts = 0;
  std::uint64_t given_up = 0;  // checkpoints in a row
  std::vector<Batch> rows;     // emitted, when nobody follows
};

/// Batches of one parcel on their way through a serial node, or the batch that a source is about to
/// make; after a failure it goes on with the one that failed.
struct NodeRunner::Work {
  Parcel parcel;
  Output out;
  std::size_t next = 0;            // first batch that is not done
  bool goes_on = false;            // its operator wants to be called again
  bool is_produced = false;        // of a source: the call has been made
  bool is_end = false;             // of a source: it was the last
  std::unique_ptr<Tries> tries{};  // of a node that is tried again
};

/// A part of a parcel that one worker puts through one instance.
struct NodeRunner::Piece {
  NodeRunner* node = nullptr;
  Batch batch;
  std::int64_t sequence = 0;
  Output out;
  unsigned attempt = 0;
  Clock::Steady due{};
  std::size_t counted_bytes = 0;  // of `out`, against the run's budget
  bool is_done = false;           // its worker says so in one step, pump() asks so
};

/// A parcel whose pieces may be with workers.
struct NodeRunner::Group {
  Group(Parcel of, SpillFiles& files) : parcel{std::move(of)}, tail{files} {}

  Parcel parcel;  // its batches have become pieces
  std::vector<Piece> pieces;
  std::size_t begun = 0, delivered = 0;  // pieces
  bool is_finished = false;              // of the last one: the instances have made their last call
  Output tail;                           // what they emitted then
  std::vector<Emitted> part;             // moves on next
  std::size_t part_bytes = 0;
};

struct NodeRunner::Replicas {
  // Touched inside pump() only:
  std::deque<std::unique_ptr<Group>> groups;  // in order
  std::size_t next_group = 0;                 // groups before it have begun all of their pieces
  std::size_t open = 0;                       // pieces that have begun and were not delivered
  bool tail_taken = false;

  std::atomic<std::size_t> unfinished{0};  // pieces with workers
  std::atomic<std::size_t> largest{0};     // bytes that a piece emitted
  std::atomic<bool> has_finished_one{false};
  std::mutex mutex;  // guards the two below
  std::vector<std::unique_ptr<Chain>> all;
  std::vector<Chain*> idle;
};

}  // namespace millrace
