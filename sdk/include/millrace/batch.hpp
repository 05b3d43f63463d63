#pragma once

#include <concepts>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <millrace/abi.h>

namespace millrace {

/// Column types, a closed list. Timestamp is microseconds since 1970 in UTC ("tsu:UTC").
enum class Type { Bool, Int32, Int64, Float32, Float64, Utf8, Binary, Timestamp, List, Struct };

std::string_view to_string(Type type);

struct Field {
  std::string name;
  Type type = Type::Utf8;
  std::vector<Field> children{};  // of a List one, named "item"; of a Struct its members
  bool operator==(const Field&) const = default;
};

using Schema = std::vector<Field>;

/// Name of the column that tells from which source row a row descends: int64, ascending within a
/// batch. The engine keeps rows in its order where branches of a graph meet, and never cuts a batch
/// between two rows that share it.
inline constexpr std::string_view kRootColumn = "@root";

struct Array;  // one column with its owner; internal to the layer

/// A column read as T: bool, std::int32_t, std::int64_t, float, double, std::string_view (utf8 and
/// binary). std::int64_t also reads timestamps and int32; double reads every number. Keeps the
/// memory alive.
template <class T>
class Column {
 public:
  [[nodiscard]] std::int64_t size() const { return size_; }
  /// Returns the value of a row, or nothing where it is null.
  [[nodiscard]] std::optional<T> operator[](std::int64_t row) const;
  /// Returns the value of a row, or `fallback` where it is null.
  [[nodiscard]] T value(std::int64_t row, T fallback = T{}) const {
    auto found = (*this)[row];
    return found ? *found : fallback;
  }

 private:
  friend class Batch;
  std::shared_ptr<const Array> array_;
  std::int64_t size_ = 0;
};

/// Builds one column, row by row. T is one of Column's types; use Builder<std::string_view> with
/// Type::Binary for bytes.
template <class T>
class Builder {
 public:
  Builder();
  explicit Builder(Type type);  // Timestamp for std::int64_t, Binary for std::string_view
  ~Builder();
  Builder(Builder&&) noexcept;
  Builder& operator=(Builder&&) noexcept;

  void reserve(std::int64_t rows);
  void append(T value);
  void append_null();
  template <std::same_as<std::optional<T>> Optional>
  void append(const Optional& value) {
    value ? append(*value) : append_null();
  }
  [[nodiscard]] std::int64_t size() const;

 private:
  friend class Batch;
  struct State;
  std::unique_ptr<State> state_;
};

/// A slice of a table in Arrow memory layout: the only thing that flows along an edge. Move-only;
/// the memory is released once, by the last owner. Received data is read-only: every change makes a
/// new batch that shares the untouched columns. What was imported is parsed and checked when first
/// looked into. Errors are thrown as Failure: DataInvalid for a column that is absent, of another
/// type or malformed, InvalidArgument for misuse, Exhausted for a column over 2 GiB. [one thread at
/// a time; shares may live on several]
class Batch {
 public:
  Batch() noexcept;  // no columns, no rows
  Batch(Batch&& other) noexcept;
  Batch& operator=(Batch&& other) noexcept;
  ~Batch();

  /// Takes over an Arrow pair without looking into it; both structs are left released.
  static Batch import(ArrowArray* array, ArrowSchema* schema);
  /// Gives the pair away; the caller releases it. Throws nothing but std::bad_alloc.
  void export_to(ArrowArray* array, ArrowSchema* schema) &&;
  /// Returns another handle on the same memory.
  [[nodiscard]] Batch share() const;
  /// Checks all that can be checked, the UTF-8 of every text too: what debug builds do with every
  /// batch they look into.
  void validate() const;

  [[nodiscard]] std::int64_t rows() const { return array_.length; }
  [[nodiscard]] bool empty() const { return rows() == 0; }
  [[nodiscard]] const Schema& schema() const;
  [[nodiscard]] bool has(std::string_view column) const;
  /// Memory held by the buffers that the rows of this batch use, in bytes; shared buffers count in
  /// each sharer.
  [[nodiscard]] std::size_t size_bytes() const;

  template <class T>
  [[nodiscard]] Column<T> column(std::string_view name) const;
  /// The inside of a column, which reads like any batch. Of a Struct: its members, row for row,
  /// null where the struct is. Of a List: the items of all rows one after the other; the members of
  /// struct items, or else one column "item".
  [[nodiscard]] Batch child(std::string_view name) const;
  /// For a List column: the half-open range of rows of child(name) that belong to `row` (empty for
  /// null).
  [[nodiscard]] std::pair<std::int64_t, std::int64_t> list_range(std::string_view name,
                                                                 std::int64_t row) const;

  /// Returns rows [offset, offset + length) over the same memory.
  [[nodiscard]] Batch slice(std::int64_t offset, std::int64_t length) const;
  /// Returns the named rows, in that order; a row may be named several times or never.
  [[nodiscard]] Batch take(std::span<const std::int64_t> rows) const;
  /// Keeps the rows whose value in `name` satisfies `keep`; null satisfies nothing. The argument
  /// type of `keep` decides how the column is read.
  template <class Predicate>
  [[nodiscard]] Batch keep_rows(std::string_view name, Predicate keep) &&;
  /// Adds a column, or replaces the one of that name in its place. The builder must hold rows()
  /// values; the first column of an empty batch decides how many rows there are.
  template <class T>
  [[nodiscard]] Batch with(std::string_view name, Builder<T> values) &&;
  /// The same with a Struct column whose members are the columns of a batch of as many rows.
  [[nodiscard]] Batch with_struct(std::string_view name, Batch members) &&;
  /// The same with a List column: row i takes the next lengths[i] rows of `items`, and is null
  /// where the length is -1. A batch whose only column is "item" gives a list of that type, any
  /// other a list of structs.
  [[nodiscard]] Batch with_list(std::string_view name, std::span<const std::int64_t> lengths,
                                Batch items) &&;
  /// Keeps the named columns, in that order.
  [[nodiscard]] Batch select(std::span<const std::string_view> names) &&;
  [[nodiscard]] Batch without(std::string_view name) &&;

  /// Joins batches one below the other. Columns are matched by name; one that a part lacks is null
  /// there. Parts that give one name two types are a Failure.
  static Batch concat(std::vector<Batch> parts);

 private:
  friend class RowEncoder;
  friend class RowDecoder;
  struct Parsed;
  using Columns =
      std::vector<std::shared_ptr<const Array>>;  // several batches and readers share a column
  const Parsed& parsed() const;
  std::shared_ptr<const Array> find(std::string_view name) const;
  Batch keep_ascending(std::span<const std::int64_t> rows) &&;
  Batch put(Field field, std::shared_ptr<const Array> column) &&;
  static Batch assemble(std::shared_ptr<Schema> schema, Columns columns, std::int64_t rows);

  // Either the pair as it came (is_raw_), or parsed_; of array_ only the length counts then. Both
  // where the pair is one of our own exports, which shows the parsed columns. Neither: nothing.
  mutable ArrowArray array_{};
  mutable ArrowSchema schema_{};
  mutable std::unique_ptr<Parsed> parsed_;
  mutable bool is_raw_ = false;
};

}  // namespace millrace

#include <millrace/detail/batch.hpp>
