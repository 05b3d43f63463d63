#pragma once

#include <cstdint>
#include <set>
#include <string>

#include "engine/base/result.hpp"
#include "engine/run/run.hpp"
#include "engine/store/scratch.hpp"

namespace millrace {

/// Large states of a job's checkpoints as files in its scratch, where the row only names them. A
/// checkpoint never writes over files that the row may name: it takes names that are free, and once
/// its row is written the files of earlier ones are emptied. So a crash, or a row of which nobody
/// knows whether it was written, leaves the state that belongs to the row. [one call at a time]
class StateFiles {
 public:
  static constexpr std::size_t kMostInRow = 64u << 10;  // bytes of a state that is kept as text
  static constexpr int kMostInDoubt = 8;                // sets of files that the row may name

  [[nodiscard]] static bool has_large(const Checkpoint& checkpoint);
  [[nodiscard]] static bool names_files(const Checkpoint& checkpoint);
  /// Whether no row names files.
  [[nodiscard]] bool empty() const { return may_be_named_.empty(); }

  /// Moves the large states of a checkpoint into files, which the caller syncs before it writes the
  /// row. Unavailable: of too many checkpoints it is not known whether they were written.
  Result<void> put(Scratch& scratch, Checkpoint& checkpoint);
  /// The same for a checkpoint that has none.
  void put_none() { has_last_ = false; }
  /// The row of the checkpoint that was put last is written.
  void written(Scratch& scratch);
  /// Reads the states of a row back. DataInvalid when a file is not what the row says.
  Result<void> read(Scratch& scratch, Checkpoint& checkpoint);

 private:
  std::set<int> may_be_named_;  // by the row
  int last_ = 0;                // that was put
  bool has_last_ = false;       // it has files
};

}  // namespace millrace
