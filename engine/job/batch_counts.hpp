#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "engine/base/json.hpp"

namespace millrace {

/// A sum, and which part of it every checkpoint to come includes.
struct BatchSum {
  std::int64_t settled = 0;  // of batches up to the mark
  std::int64_t ahead = 0;    // of those behind it

  [[nodiscard]] std::int64_t total() const { return settled + ahead; }
  void add(std::int64_t by, bool is_ahead) { (is_ahead ? ahead : settled) += by; }
  void mark() {
    settled += ahead;
    ahead = 0;
  }
};

/// Sums what operators count, and knows which part of a sum came from batches up to the one that is
/// marked for the next checkpoint: a job that resumes counts no batch twice. One number beside each
/// sum is enough for that, since one batch is marked at a time and all later ones are made after
/// it. [guarded by its owner's mutex]
class BatchCounts {
 public:
  void add(std::int64_t sequence, std::string_view counter, std::int64_t by);
  /// Batch `sequence` has been marked; nothing of a later one has been counted yet.
  void mark(std::int64_t sequence);
  /// Everything counted so far.
  [[nodiscard]] std::map<std::string, std::int64_t> totals() const;
  /// The sums up to and with the marked batch, when every node is done with it.
  [[nodiscard]] std::map<std::string, std::int64_t> up_to_mark() const;
  /// Begins with the sums of an earlier attempt, up to and with batch `sequence`.
  void restore(const Json& sums, std::int64_t sequence);

 private:
  std::map<std::string, BatchSum, std::less<>> sums_;
  std::int64_t mark_ = -1;
};

}  // namespace millrace
