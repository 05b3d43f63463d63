#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>

#include "engine/base/clock.hpp"
#include "engine/run/run.hpp"

namespace millrace {

/// Gathers a checkpoint: one batch is marked at the source, every node that sees the mark hands in
/// its state, and when the last has, the states together are those after that batch. One at a time.
/// [any thread]
class Barrier {
 public:
  Barrier(std::chrono::milliseconds every, const Clock& clock)
      : every_{every}, clock_{clock}, last_{clock.steady()} {}

  enum class When { Due, Now };
  /// Says whether the source should mark the batch it has just made, and if so begins: `reports`
  /// nodes will hand in.
  bool begin(std::int64_t sequence, std::size_t reports, When when = When::Due);

  struct Passed {
    Checkpoint checkpoint;
    bool has_states = true;  // false: a report lacked them, and this is no checkpoint
  };
  /// Returns the batch when this was the last report, so all nodes are done with it.
  std::optional<Passed> report(std::optional<std::map<std::string, std::string>> states);
  /// Lets the next one begin: this one has been seen to.
  void end();

 private:
  const std::chrono::milliseconds every_;
  const Clock& clock_;
  std::mutex mutex_;  // guards all below
  Clock::Steady last_;
  bool busy_ = false;
  bool given_up_ = false;
  std::size_t missing_ = 0;
  Checkpoint gathered_;
};

}  // namespace millrace
