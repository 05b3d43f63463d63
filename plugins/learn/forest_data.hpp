#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "plugins/learn/sparse_rows.hpp"
#include "plugins/learn/stop_poll.hpp"

namespace millrace::learn {

/// A value at a place of a column or of a row.
struct SparseValue {
  std::uint32_t place;
  float value;
};

/// What a forest learns from, by row and by column. Values are float32, as in scikit-learn's trees.
/// Immutable. [any thread]
class ForestData {
 public:
  /// Throws Failure with Cancelled when stopping.
  ForestData(const SparseRows& rows, std::span<const std::uint32_t> classes, std::uint32_t count,
             const IsStopping& is_stopping);

  [[nodiscard]] std::size_t rows() const { return classes_.size(); }
  [[nodiscard]] std::uint32_t columns() const {
    return static_cast<std::uint32_t>(column_begins_.size() - 1);
  }
  [[nodiscard]] std::uint32_t classes() const { return class_count_; }
  [[nodiscard]] std::uint32_t class_of(std::uint32_t row) const { return classes_[row]; }
  /// Places are columns.
  [[nodiscard]] std::span<const SparseValue> row(std::uint32_t row) const {
    return std::span{by_row_}.subspan(row_begins_[row], row_begins_[row + 1] - row_begins_[row]);
  }
  /// Places are rows, ascending.
  [[nodiscard]] std::span<const SparseValue> column(std::uint32_t column) const {
    return std::span{by_column_}.subspan(column_begins_[column],
                                         column_begins_[column + 1] - column_begins_[column]);
  }

 private:
  std::uint32_t class_count_;
  std::vector<std::uint32_t> classes_;
  std::vector<std::size_t> row_begins_, column_begins_;
  std::vector<SparseValue> by_row_, by_column_;
};

}  // namespace millrace::learn
