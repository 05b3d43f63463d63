#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "engine/base/json.hpp"

namespace millrace {

/// Sums what operators count, and knows which part of a sum came from batches up to a given one: a
/// job that resumes counts no batch twice. [guarded by its owner's mutex]
class BatchCounts {
 public:
  void add(std::int64_t sequence, std::string_view counter, std::int64_t by);
  /// Everything counted so far.
  [[nodiscard]] const std::map<std::string, std::int64_t>& totals() const { return totals_; }
  /// Returns the sums up to and with batch `sequence`.
  std::map<std::string, std::int64_t> up_to(std::int64_t sequence);
  /// Begins with sums of an earlier attempt.
  void restore(const Json& sums);

 private:
  using Sums = std::map<std::string, std::int64_t, std::less<>>;

  void settle(std::int64_t sequence);

  std::map<std::string, std::int64_t> totals_;
  std::map<std::string, std::int64_t>
      settled_;                        // of batches that every checkpoint to come includes
  std::map<std::int64_t, Sums> open_;  // by batch
};

}  // namespace millrace
