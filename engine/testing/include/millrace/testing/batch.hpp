#pragma once

#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include <millrace/batch.hpp>

namespace millrace::testing {

/// A cell without a value: batch({{"area", {1.0, null}}}).
struct Null {};
inline constexpr Null null{};

/// One value as written in a test.
class Cell {
 public:
  Cell(Null) {}                        // NOLINT: implicit, it is a notation
  Cell(bool value) : value_{value} {}  // NOLINT
  template <std::integral Integer>
  requires(!std::same_as<Integer, bool>) Cell(Integer value)
      : value_{static_cast<std::int64_t>(value)} {}             // NOLINT
  Cell(double value) : value_{value} {}                         // NOLINT
  Cell(const char* value) : value_{std::string{value}} {}       // NOLINT
  Cell(std::string value) : value_{std::move(value)} {}         // NOLINT
  Cell(std::string_view value) : value_{std::string{value}} {}  // NOLINT

  template <class T>
  [[nodiscard]] const T* as() const {
    return std::get_if<T>(&value_);
  }

 private:
  std::variant<std::monostate, bool, std::int64_t, double, std::string> value_;
};

/// A column as written in a test. Without a type it is that of the first value: bool, int64,
/// float64 (when any number has a fraction) or utf8.
struct NamedColumn {
  NamedColumn(std::string its_name, std::vector<Cell> its_cells)
      : name{std::move(its_name)}, cells{std::move(its_cells)}, type{guess(cells)} {}
  NamedColumn(std::string its_name, Type its_type, std::vector<Cell> its_cells)
      : name{std::move(its_name)}, cells{std::move(its_cells)}, type{its_type} {}

  std::string name;
  std::vector<Cell> cells;
  Type type;

 private:
  static Type guess(const std::vector<Cell>& cells) {
    Type type = Type::Utf8;
    for (const auto& cell : cells) {
      if (cell.as<double>() != nullptr) return Type::Float64;
      if (cell.as<std::int64_t>() != nullptr) type = Type::Int64;
      if (cell.as<bool>() != nullptr) type = Type::Bool;
    }
    return type;
  }
};

namespace detail {

template <class T>
Builder<T> build_column(const NamedColumn& column) {
  Builder<T> builder{column.type};
  for (const auto& cell : column.cells) {
    if constexpr (std::same_as<T, std::string_view>) {
      const auto* text = cell.as<std::string>();
      text == nullptr ? builder.append_null() : builder.append(std::string_view{*text});
    } else if constexpr (std::same_as<T, bool>) {
      const auto* flag = cell.as<bool>();
      flag == nullptr ? builder.append_null() : builder.append(*flag);
    } else if (const auto* whole = cell.as<std::int64_t>()) {
      builder.append(static_cast<T>(*whole));
    } else if (const auto* number = cell.as<double>()) {
      builder.append(static_cast<T>(*number));
    } else {
      builder.append_null();
    }
  }
  return builder;
}

inline Batch add_column(Batch rows, const NamedColumn& column) {
  switch (column.type) {
    case Type::Bool:
      return std::move(rows).with(column.name, build_column<bool>(column));
    case Type::Int32:
      return std::move(rows).with(column.name, build_column<std::int32_t>(column));
    case Type::Int64:
    case Type::Timestamp:
      return std::move(rows).with(column.name, build_column<std::int64_t>(column));
    case Type::Float32:
      return std::move(rows).with(column.name, build_column<float>(column));
    case Type::Float64:
      return std::move(rows).with(column.name, build_column<double>(column));
    default:
      return std::move(rows).with(column.name, build_column<std::string_view>(column));
  }
}

}  // namespace detail

/// Builds a batch: batch({{"area", {1.0, 4.0, null, 9.0}}, {"url", {"a", "b", "c", "d"}}}). A cell
/// of another kind than its column is null. Lists and structs are made with Batch::with_list() and
/// with_struct().
inline Batch batch(std::initializer_list<NamedColumn> columns) {
  Batch rows;
  for (const auto& column : columns) rows = detail::add_column(std::move(rows), column);
  return rows;
}

}  // namespace millrace::testing
