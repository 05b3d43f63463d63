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
  std::vector<Field> children{};  // one of a List, the members of a Struct
  bool operator==(const Field&) const = default;
};

using Schema = std::vector<Field>;

/// Name of the column that tells from which source row a row descends: int64, ascending within a batch. The engine keeps
/// rows in its order where branches of a graph meet, and never cuts a batch between two rows that share it.
inline constexpr std::string_view kRootColumn = "@root";

struct Array;  // one column with its owner; internal to the layer

/// A column read as T: bool, std::int32_t, std::int64_t, float, double, std::string_view (utf8 and binary).
/// std::int64_t also reads timestamps and int32; double reads every number. Keeps the memory alive.
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

/// Builds one column, row by row. T is one of Column's types; use Builder<std::string_view> with Type::Binary for bytes.
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
  void append(const std::optional<T>& value) { value ? append(*value) : append_null(); }
  [[nodiscard]] std::int64_t size() const;

 private:
  friend class Batch;
  struct State;
  std::unique_ptr<State> state_;
};

/// A slice of a table in Arrow memory layout: the only thing that flows along an edge. Move-only; the memory is released
/// once, by the last owner. Received data is read-only: every change makes a new batch that shares the untouched columns.
/// Errors (no such column, another type) are thrown as Failure. [one thread at a time; shares may live on several]
class Batch {
 public:
  Batch() noexcept;  // no columns, no rows
  Batch(Batch&& other) noexcept;
  Batch& operator=(Batch&& other) noexcept;
  ~Batch();

  /// Takes over an Arrow pair without looking into it; both structs are left released.
  static Batch import(ArrowArray* array, ArrowSchema* schema);
  /// Gives the pair away; the caller releases it.
  void export_to(ArrowArray* array, ArrowSchema* schema) &&;
  /// Returns another handle on the same memory.
  [[nodiscard]] Batch share();

  [[nodiscard]] std::int64_t rows() const { return array_.length; }
  [[nodiscard]] bool empty() const { return rows() == 0; }
  [[nodiscard]] const Schema& schema() const;
  [[nodiscard]] bool has(std::string_view column) const;
  /// Memory held by the buffers that the rows of this batch use, in bytes; shared buffers count in each sharer.
  [[nodiscard]] std::size_t size_bytes() const;

  template <class T>
  [[nodiscard]] Column<T> column(std::string_view name) const;
  /// One column as a batch of its own rows: for lists and structs, whose children read like any column.
  [[nodiscard]] Batch child(std::string_view name) const;
  /// For a List column: the half-open range of child rows that belong to `row` (empty for null).
  [[nodiscard]] std::pair<std::int64_t, std::int64_t> list_range(std::string_view name, std::int64_t row) const;

  [[nodiscard]] Batch slice(std::int64_t offset, std::int64_t length);
  /// Returns the named rows, in that order; a row may be named several times or never.
  [[nodiscard]] Batch take(std::span<const std::int64_t> rows) const;
  /// Keeps the rows whose value in `name` satisfies `keep`; null satisfies nothing. The argument type of `keep` decides
  /// how the column is read.
  template <class Predicate>
  [[nodiscard]] Batch keep_rows(std::string_view name, Predicate keep) &&;
  /// Adds a column, or replaces the one of that name in its place. The builder must hold rows() values.
  template <class T>
  [[nodiscard]] Batch with(std::string_view name, Builder<T> values) &&;
  /// Keeps the named columns, in that order.
  [[nodiscard]] Batch select(std::span<const std::string_view> names) &&;
  [[nodiscard]] Batch without(std::string_view name) &&;

  /// Joins batches one below the other. Columns are matched by name; one that a part lacks is null there. Parts that give
  /// one name two types are a Failure.
  static Batch concat(std::vector<Batch> parts);

 private:
  struct Parsed;
  const Parsed& parsed() const;
  std::shared_ptr<const Array> find(std::string_view name, Type wanted) const;
  static Batch assemble(Schema schema, std::vector<std::shared_ptr<const Array>> columns, std::int64_t rows);

  ArrowArray array_{};
  ArrowSchema schema_{};
  mutable std::unique_ptr<Parsed> parsed_;  // made when the first column is asked for
};

}  // namespace millrace

#include <millrace/detail/batch.hpp>
