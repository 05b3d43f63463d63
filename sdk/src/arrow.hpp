#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <millrace/abi.h>
#include <millrace/batch.hpp>
#include <millrace/detail/array.hpp>

namespace millrace::detail {

using Columns = std::vector<std::shared_ptr<const Array>>;

/// The name of the one child of every List.
inline constexpr std::string_view kItemName = "item";

/// Bounds of what is accepted from outside. Arrow tells no buffer sizes, so a length is believed up
/// to here.
inline constexpr std::int64_t kMaxLength = std::int64_t{1} << 40;
inline constexpr int kMaxDepth = 16;
inline constexpr std::int64_t kMaxFields = 65'536;  // of one batch, nested ones too

/// Format string of a type.
[[nodiscard]] const char* format_of(Type type);
/// Bytes of one number of a type; 0 for types that are not numbers.
[[nodiscard]] std::size_t width_of(Type type);
/// How many buffers an array of a type has.
[[nodiscard]] std::int64_t buffer_count(Type type);

/// A foreign array that was taken over; shared by all arrays over its buffers, and releases the
/// parent once.
struct ForeignArray {
  ArrowArray array{};
  ForeignArray() = default;
  ForeignArray(const ForeignArray&) = delete;
  ForeignArray& operator=(const ForeignArray&) = delete;
  ~ForeignArray();
};

struct Table {
  std::shared_ptr<Schema> schema;  // shared by the batches that were made of each other
  Columns columns;
  std::int64_t rows = 0;
};

struct ImportedTable : Table {
  std::shared_ptr<ForeignArray> foreign;
};

/// Checks a foreign pair and takes the array over, which is then empty; the schema stays as it was.
/// Throws Failure with DataInvalid, and leaves both as they were.
[[nodiscard]] ImportedTable import_table(ArrowArray& array, const ArrowSchema& schema,
                                         bool check_text);

/// Whether the columns, made by import_table(), are all that is left over their foreign array.
[[nodiscard]] bool are_sole_owners(const Columns& columns,
                                   const std::shared_ptr<ForeignArray>& foreign);

/// Throws Failure with DataInvalid when a utf8 column holds anything else.
void check_text(const Schema& schema, const Columns& columns);

/// Fills both structs; they share the memory of the table and are independent of it.
void export_table(Table table, ArrowArray& array, ArrowSchema& schema);

/// Returns the table of a pair that export_table() made and nobody has changed since, or nothing. A
/// batch that only went through a plugin needs no second look.
[[nodiscard]] std::optional<Table> exported_table(const ArrowArray& array,
                                                  const ArrowSchema& schema);

/// Returns the columns whose memory such a pair shows, as long as it lives; null where another made
/// it. To count bytes only: they may have been changed since.
[[nodiscard]] const Columns* exported_columns(const ArrowArray& array);

/// Length of the valid UTF-8 at the beginning of `text`; text.size() when all of it is.
[[nodiscard]] std::size_t valid_utf8_prefix(std::string_view text);

/// Returns rows [offset, offset + length) of an array.
[[nodiscard]] std::shared_ptr<const Array> slice_array(const std::shared_ptr<const Array>& array,
                                                       std::int64_t offset, std::int64_t length);

/// Returns the same array with null where `parent`, from its position `begin` on, is null too.
[[nodiscard]] std::shared_ptr<const Array> mask_array(const std::shared_ptr<const Array>& array,
                                                      const Array& parent, std::int64_t begin);

/// Bytes of the buffers that the array's rows use.
[[nodiscard]] std::size_t used_bytes(const Array& array);

/// Writes one column from pieces of others of the same field.
class ColumnWriter {
 public:
  explicit ColumnWriter(const Field& field);
  ColumnWriter(ColumnWriter&&) = default;

  void reserve(std::int64_t rows, std::int64_t bytes);
  /// Appends `count` rows from position `begin` of the buffers.
  void append(const Array& from, std::int64_t begin, std::int64_t count);
  void append_nulls(std::int64_t count);
  /// Appends the rows at positions base + rows[i].
  void gather(const Array& from, std::span<const std::int64_t> rows, std::int64_t base);
  [[nodiscard]] std::shared_ptr<const Array> finish();

 private:
  void append_validity(const Array& from, std::int64_t begin, std::int64_t count);
  void gather_validity(const Array& from, std::span<const std::int64_t> rows, std::int64_t base);
  void append_offsets(const Array& from, std::int64_t begin, std::int64_t count);
  void gather_texts(const Array& from, std::span<const std::int64_t> rows, std::int64_t base);
  void gather_lists(const Array& from, std::span<const std::int64_t> rows, std::int64_t base);
  /// Returns the offset that ends the rows so far.
  [[nodiscard]] std::int64_t last_offset() const;

  Type type_;
  std::size_t width_;  // of a number in bytes, 0 for other types
  std::int64_t length_ = 0;
  Buffers buffers_;
  std::vector<ColumnWriter> children_;
};

}  // namespace millrace::detail
