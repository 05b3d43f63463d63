#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

#include <millrace/batch.hpp>

/// What operators on small tables and reports share: values of any plain type, row by row.
namespace millrace::tables {

/// What a ValueColumn reads, for the traits "reads" and "may_read".
inline constexpr std::string_view kValueTypes = "utf8|int64|int32|float64|float32|timestamp|bool";

/// The value of a row: nothing, or what the column's type says, an Int64 or a Timestamp as integer.
/// A text is a view of the batch.
using Cell = std::variant<std::monostate, bool, std::int64_t, double, std::string_view>;
/// A value that outlives its batch.
using OwnCell = std::variant<std::monostate, bool, std::int64_t, double, std::string>;

[[nodiscard]] inline bool has_value(const Cell& cell) { return cell.index() != 0; }
[[nodiscard]] Cell view(const OwnCell& cell);
[[nodiscard]] OwnCell own(const Cell& cell);

/// A column of plain values, whatever their type. [one thread at a time]
class ValueColumn {
 public:
  /// Throws Failure with DataInvalid when there is no such column, or its type is none of
  /// kValueTypes.
  ValueColumn(const Batch& batch, const std::string& name);

  /// Utf8, Int64, Float64, Timestamp or Bool: an int32 is read as int64, a float32 as float64.
  [[nodiscard]] Type type() const { return type_; }
  /// Whether any row has a value. A column without one fits wherever some type is wanted.
  [[nodiscard]] bool has_values() const { return has_values_; }
  [[nodiscard]] Cell operator[](std::int64_t row) const;

 private:
  using Values =
      std::variant<Column<bool>, Column<std::int64_t>, Column<double>, Column<std::string_view>>;

  Type type_ = Type::Utf8;
  Values values_;
  bool has_values_ = false;
};

/// Builds a column of one of those types, row by row.
class ValueBuilder {
 public:
  explicit ValueBuilder(Type type);
  /// A value of another type than the column's is our own mistake.
  void append(const Cell& cell);
  [[nodiscard]] Batch put(Batch batch, std::string_view name) &&;

 private:
  std::variant<Builder<bool>, Builder<std::int64_t>, Builder<double>, Builder<std::string_view>>
      builder_;
};

/// Appends a value as text: whole numbers by their digits, others by the shortest digits that read
/// back as the same number, with one decimal at least ("48.03", "50.0", "1e-05"), times as
/// "2021-01-31 06:00:00" in UTC, "true" and "false". Nothing is nothing. A time outside the years 1
/// to 9999 is a Failure with DataInvalid.
void append_text(std::string& text, Type type, const Cell& cell);

}  // namespace millrace::tables
