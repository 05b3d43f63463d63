#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/json.hpp"

namespace millrace {

/// The changes of the catalog that a job's operators have asked for, until its end makes them: each
/// with the batch that it belongs to, so that a job that resumes goes on with those up to its
/// checkpoint and makes the others again. Held as text, since nobody looks into them before the
/// end. [guarded by its owner's mutex]
class KeptChanges {
 public:
  /// Bytes of all changes of a job as text: half of what a MariaDB takes as one value by default.
  static constexpr std::size_t kMostBytes = 8u << 20;
  /// All changes of a job, however little each of them does.
  static constexpr std::size_t kMostChanges = 10'000;

  /// A change as it is kept: whose it is, the rows that the end will write for it (none where they
  /// only wait to be seen), and what KeptChange::to_json() says.
  struct Item {
    std::string node;
    std::int64_t sequence = 0;  // of the batch
    std::size_t rows = 0;
    Json change;
  };

  /// Exhausted: more than kMostBytes or kMostChanges.
  Result<void> add(const Item& item);
  /// Batch `sequence` has been marked; nothing of a later one has been kept yet.
  void mark(std::int64_t sequence) { mark_ = sequence; }
  /// The changes up to and with the marked batch, as restore() takes them; when every node is done
  /// with it.
  [[nodiscard]] std::string up_to_mark() const;
  /// All changes in the order of their batches, and of each batch as they came: a list as JSON.
  [[nodiscard]] std::string all() const;
  /// Begins with the changes of an earlier attempt, up to and with batch `sequence`.
  Result<void> restore(std::string_view list, std::int64_t sequence);

  [[nodiscard]] bool empty() const { return kept_.empty(); }
  [[nodiscard]] std::size_t size() const { return kept_.size(); }
  /// That the end will write.
  [[nodiscard]] std::size_t rows() const { return rows_; }

  /// Reads a list as up_to_mark() and all() write it.
  static Result<std::vector<Item>> read(std::string_view list);

 private:
  struct Kept {
    std::int64_t sequence;
    std::string text;
  };

  std::vector<Kept> kept_;  // in the order in which they came
  std::size_t rows_ = 0;
  std::size_t bytes_ = 0;
  std::int64_t mark_ = -1;
};

}  // namespace millrace
