#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "engine/base/clock.hpp"
#include "engine/base/json.hpp"
#include "engine/plugin/services.hpp"

namespace millrace {

/// The record log of a job (the pipeline's logFile): JSON lines, an event each, and one summary
/// line at the end. Written to a staged object, which outlives an attempt that dies; the next one
/// goes on behind the last checkpoint and leaves out the events that it finds there already. [any
/// worker]
class RecordLog {
 public:
  /// `staged` stays the caller's and outlives the log.
  RecordLog(ObjectWriter& staged, const Clock& clock) : staged_{staged}, clock_{clock} {}

  /// Continues what a checkpoint noted, or with null begins anew.
  Result<void> resume(const Json& noted);
  /// An event of the batch `sequence`. A failure to write is kept for finish(): records go on.
  void add(std::int64_t sequence, const RecordLogEvent& event);
  /// Writes out what is buffered and returns what resume() needs to go on behind batch `sequence`.
  Result<Json> checkpoint(std::int64_t sequence);
  /// Writes the summary line: status "finished", "failed" or "aborted", and the counts read,
  /// badLines, written, generated and failed, 0 where there is none. Called again, it replaces that
  /// line: a last-moment abort changes the status.
  Result<void> finish(std::string_view status, const std::map<std::string, std::int64_t>& counts);

 private:
  void forget_old();
  Result<void> flush();

  ObjectWriter& staged_;
  const Clock& clock_;
  std::mutex mutex_;  // guards all below
  std::string buffer_;
  std::optional<Error> failure_;
  std::optional<std::uint64_t> summary_at_;  // where the summary line begins
  std::int64_t newest_ = 0;                  // sequence of the newest batch that told something
  std::deque<std::pair<std::int64_t, std::uint64_t>>
      recent_;  // batch and fingerprint of lines that are written
  std::unordered_map<std::uint64_t, std::uint32_t>
      told_before_;  // by the attempt that died, behind its checkpoint
};

}  // namespace millrace
