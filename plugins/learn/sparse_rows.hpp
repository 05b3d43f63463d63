#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace millrace::learn {

/// A matrix of which few values are not zero, row after row (CSR): within a row columns ascend.
struct SparseRows {
  std::vector<std::size_t> begins{0};  // of the rows, and the end of the last
  std::vector<std::uint32_t> columns;
  std::vector<double> values;
  std::size_t width = 0;  // columns in all

  [[nodiscard]] std::size_t rows() const { return begins.size() - 1; }
  [[nodiscard]] std::span<const std::uint32_t> columns_of(std::size_t row) const {
    return std::span{columns}.subspan(begins[row], begins[row + 1] - begins[row]);
  }
  [[nodiscard]] std::span<const double> values_of(std::size_t row) const {
    return std::span{values}.subspan(begins[row], begins[row + 1] - begins[row]);
  }
};

}  // namespace millrace::learn
