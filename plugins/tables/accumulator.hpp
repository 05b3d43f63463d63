#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include <millrace/batch.hpp>

namespace millrace::tables {

/// What becomes of the values that a group has in one column. Nulls count for nothing.
struct Aggregate {
  enum class Kind { Sum, Count, Min, Max, First, Last, Join };

  Kind kind = Kind::First;
  std::string column;          // of the batches; empty: Count counts rows
  std::string only_with{};     // of rows that have a value there, other than 0, false and ""
  std::string separator{","};  // of Join
};

/// One aggregate for many groups, which are numbered from 0. [one thread at a time]
class Accumulator {
 public:
  static std::unique_ptr<Accumulator> make(const Aggregate& aggregate);
  virtual ~Accumulator() = default;

  /// Takes a batch whose row i belongs to groups[i]. A column that is not there has nulls. Throws
  /// Failure with DataInvalid where values have a type that cannot be aggregated so, or another one
  /// than before.
  virtual void add(const Batch& batch, std::span<const std::uint32_t> groups) = 0;
  /// How many groups there are: from then on as many may be named.
  virtual void resize(std::size_t groups) = 0;
  /// Memory that the groups take.
  [[nodiscard]] virtual std::size_t size_bytes() const = 0;
  /// Of a group's result.
  [[nodiscard]] virtual std::size_t result_bytes(std::size_t group) const = 0;

  /// Adds the column `name` with the results of the groups [begin, end). Without values a sum and
  /// a count are 0, a join is "", all others are null. Throws Failure with DataInvalid for a sum
  /// beyond 64 bits.
  [[nodiscard]] virtual Batch put(Batch batch, std::string_view name, std::size_t begin,
                                  std::size_t end) const = 0;

  /// State as words (plugins/preprocess/state_words.hpp); restore() takes them off the front, after
  /// resize(). Throws Failure with DataInvalid.
  virtual void snapshot(std::string& state) const = 0;
  virtual void restore(std::string_view& state) = 0;
};

}  // namespace millrace::tables
