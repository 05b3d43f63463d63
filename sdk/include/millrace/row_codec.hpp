#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <millrace/batch.hpp>
#include <millrace/detail/array.hpp>

namespace millrace {

/// Writes single rows of a batch as bytes, for what keeps rows outside of batches: sorts, joins.
/// Bytes of one schema; nulls, lists and structs stay what they are. For the same program on the
/// same kind of machine: no format to exchange. [one thread at a time]
class RowEncoder {
 public:
  /// Shares the memory of the batch.
  explicit RowEncoder(const Batch& batch);
  /// Appends the bytes of a row.
  void append(std::string& out, std::int64_t row) const;

 private:
  std::vector<std::shared_ptr<const Array>> columns_;  // shared with the batch
};

/// Builds batches of such rows. [one thread at a time]
class RowDecoder {
 public:
  /// The columns of the batches that it builds.
  explicit RowDecoder(Schema schema);
  ~RowDecoder();
  RowDecoder(RowDecoder&&) noexcept;
  RowDecoder& operator=(RowDecoder&&) noexcept;

  /// Adds a row that was written with other columns: `places` tells for each of them which of ours
  /// it is; those that are not named are null. Bytes that are no such row are a Failure with
  /// DataInvalid, after which this is of no more use.
  void add(std::string_view bytes, std::span<const std::size_t> places);
  [[nodiscard]] std::int64_t rows() const { return rows_; }
  /// Returns the rows added since the last time.
  [[nodiscard]] Batch take();

 private:
  class Column;

  std::shared_ptr<Schema> schema_;  // shared by the batches
  std::vector<Column> columns_;
  std::vector<bool> is_set_;
  std::int64_t rows_ = 0;
};

/// Returns a schema as text of hexadecimal digits, for a state; and reads it. What is none is a
/// Failure with DataInvalid.
[[nodiscard]] std::string schema_text(const Schema& schema);
[[nodiscard]] Schema read_schema_text(std::string_view text);

}  // namespace millrace
