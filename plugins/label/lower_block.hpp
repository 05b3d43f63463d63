#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <millrace/batch.hpp>

namespace millrace::label {

/// Rows of a column of texts, lower-cased one behind the other, so that a search goes over all of
/// them at once. Nulls have no bytes. The memory is used again. [one thread]
class LowerBlock {
 public:
  /// Bytes and rows of a block; a longer row is a block of its own. 64 KiB stay in the cache, and a
  /// search over them costs half of one over each of 900 rows.
  static constexpr std::size_t kMaxBytes = 64 * 1024;
  static constexpr std::size_t kMaxRows = 16 * 1024;

  /// Takes rows from `first` on, at least one where there is one, and returns the row behind them.
  std::int64_t fill(const Column<std::string_view>& texts, std::int64_t first);

  [[nodiscard]] std::size_t rows() const { return rows_; }
  [[nodiscard]] bool is_null(std::size_t row) const { return !nulls_.empty() && nulls_[row]; }
  [[nodiscard]] std::size_t begin(std::size_t row) const { return row == 0 ? 0 : ends_[row - 1]; }
  [[nodiscard]] std::size_t end(std::size_t row) const { return ends_[row]; }
  [[nodiscard]] std::string_view text(std::size_t row) const {
    return {bytes_.data() + begin(row), end(row) - begin(row)};
  }
  /// Rows [first, behind) one behind the other.
  [[nodiscard]] std::string_view text(std::size_t first, std::size_t behind) const {
    return first == behind
               ? std::string_view{}
               : std::string_view{bytes_.data() + begin(first), end(behind - 1) - begin(first)};
  }

 private:
  void lower_run(std::string_view run);
  void lower_beyond_ascii(const Column<std::string_view>& texts, std::int64_t first);

  std::string bytes_, fixed_, lowered_;
  std::size_t rows_ = 0;
  std::vector<std::uint32_t> ends_;    // of the rows, and more
  std::vector<bool> nulls_;            // empty where no row is null
  std::vector<std::size_t> suspects_;  // places in bytes_
  std::size_t used_ = 0;               // bytes of bytes_
};

}  // namespace millrace::label
