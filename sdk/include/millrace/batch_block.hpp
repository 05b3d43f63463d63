#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include <millrace/batch.hpp>

namespace millrace {

/// Builds a batch of few rows and many columns: all of them lie in one piece of memory, which lives
/// as long as one of them does. For whoever knows before how many bytes the texts of each column
/// take; a Builder grows. [one thread at a time]
class BatchBlock {
 public:
  /// `text_bytes` has an element for each column, which counts for texts alone. A column over 2 GiB
  /// is a Failure with Exhausted, a List or Struct one with InvalidArgument.
  BatchBlock(Schema schema, std::int64_t rows, std::span<const std::size_t> text_bytes);
  ~BatchBlock();
  BatchBlock(const BatchBlock&) = delete;
  BatchBlock& operator=(const BatchBlock&) = delete;

  /// Each writes the next row of a column of its type: int64 or timestamp, float64, bool, utf8 or
  /// binary. What has no room or another type is our own mistake.
  void append(std::size_t column, std::int64_t value);
  void append(std::size_t column, double value);
  void append(std::size_t column, bool value);
  void append(std::size_t column, std::string_view value);
  void append_null(std::size_t column);

  /// Once, when every column has all of its rows.
  [[nodiscard]] Batch finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace millrace
