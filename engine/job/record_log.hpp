#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/clock.hpp"
#include "engine/base/json.hpp"
#include "engine/plugin/services.hpp"

namespace millrace {

/// The record log of a job (the pipeline's logFile): JSON lines, an event each, and one summary
/// line at the end. Written to a staged object, which outlives an attempt that dies; the next one
/// goes on behind the last checkpoint.
///
/// Lines are held until every node is done with their batch, and then written in the order of
/// batches; within one by the line of the list that they speak of, those that speak of none last,
/// and then by their text. So the file is the same for any number of workers and deaths, but for
/// the times. What is held is bounded: a run asks is_full() and marks a batch, and behind that mark
/// there is no more than a run holds in its edges.
class RecordLog {
 public:
  /// Bytes of lines that may wait for their batch. A run holds no more than its edges take; only an
  /// operator that tells of millions of things within one batch, or at its end, comes here. More is
  /// Exhausted and fails the job.
  static constexpr std::size_t kMostHeldBytes = 256u << 20;

  /// `staged` stays the caller's and outlives the log.
  RecordLog(ObjectWriter& staged, const Clock& clock, std::size_t most_held = kMostHeldBytes)
      : staged_{staged}, clock_{clock}, most_held_{most_held} {}

  /// Continues what a checkpoint noted, or with null begins anew.
  Result<void> resume(const Json& noted);
  /// An event of the batch `sequence`. [any worker]
  void add(std::int64_t sequence, const RecordLogEvent& event);
  /// Says whether so much is held that it should be written soon. [any worker]
  [[nodiscard]] bool is_full() const {
    return held_bytes_.load(std::memory_order_relaxed) >= kManyHeldBytes;
  }

  // One of these three at a time.

  /// Writes the lines of all batches up to `sequence`, with which every node is done. A failure to
  /// write is kept for checkpoint() and finish(): records go on.
  void settle(std::int64_t sequence);
  /// The same; returns what resume() needs to go on behind that batch.
  Result<Json> checkpoint(std::int64_t sequence);
  /// Writes all lines and the summary line: status "finished", "failed" or "aborted", and the
  /// counts read, badLines, written, generated and failed, 0 where there is none. Called again, it
  /// replaces that line: a last-moment abort changes the status.
  Result<void> finish(std::string_view status, const std::map<std::string, std::int64_t>& counts);

 private:
  static constexpr std::size_t kManyHeldBytes = 4u << 20;

  struct Line {
    std::int64_t sequence;
    std::int64_t line;  // of the list; 0: none
    Clock::Wall time;
    std::string text;  // what stands behind the time
  };

  Result<void> check() const;
  std::vector<Line> take(std::int64_t sequence);
  Result<void> write(std::string_view lines);

  ObjectWriter& staged_;
  const Clock& clock_;
  const std::size_t most_held_;
  std::optional<std::uint64_t> summary_at_;  // where the summary line begins
  std::optional<Error> failure_;             // set by those of which there is one at a time
  std::atomic<bool> has_failed_{false};      // failure_ is set: no line is wanted any more
  std::atomic<bool> is_over_{false};         // too much was held
  std::atomic<std::size_t> held_bytes_{0};
  std::mutex mutex_;  // guards what is below
  std::vector<Line> held_;
};

}  // namespace millrace
