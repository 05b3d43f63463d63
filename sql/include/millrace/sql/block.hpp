#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace millrace::sql {

/// What a column holds. Decimal, Date, DateTime and Time are texts as the database writes them
/// ("2021-01-01 00:00:00.5"), since no number would keep all of them: MySQL has 0000-00-00 and 65
/// digits.
enum class Type { Integer, Real, Text, Bytes, Decimal, Date, DateTime, Time };

/// "integer"; for messages.
std::string_view to_string(Type type);

/// A column of a block, in Arrow's memory layout, so that its buffers can be handed on as they are:
/// `integers` or `reals` have a value for each row, and texts are bytes[offsets[row],
/// offsets[row + 1]). What is null has a place of value 0 or of no bytes.
struct Column {
  std::string name;
  Type type = Type::Text;
  std::int64_t rows = 0, nulls = 0;
  std::vector<std::uint8_t> validity{};  // a bit for each row, lowest first; empty: none is null
  std::vector<std::int64_t> integers{};
  std::vector<double> reals{};
  std::vector<std::int32_t> offsets{0};
  std::string bytes{};

  [[nodiscard]] bool is_null(std::int64_t row) const {
    return !validity.empty() && (validity[static_cast<std::size_t>(row / 8)] >> (row % 8) & 1) == 0;
  }
  [[nodiscard]] std::int64_t integer(std::int64_t row) const {
    return integers[static_cast<std::size_t>(row)];
  }
  [[nodiscard]] double real(std::int64_t row) const { return reals[static_cast<std::size_t>(row)]; }
  /// Returns a view that ends with the next change of the column.
  [[nodiscard]] std::string_view text(std::int64_t row) const {
    const auto* const place = offsets.data() + row;
    return std::string_view{bytes}.substr(static_cast<std::size_t>(place[0]),
                                          static_cast<std::size_t>(place[1] - place[0]));
  }

  // The value must be of the column's type. Texts of a column are 2 GiB at the most, as Arrow has
  // them: more is a Failure with Exhausted.
  void append(std::int64_t value) {
    integers.push_back(value);
    append_valid();
  }
  void append(double value) {
    reals.push_back(value);
    append_valid();
  }
  void append(std::string_view value);
  void append_null();
  /// Empties it, and keeps its memory.
  void clear();

 private:
  void append_valid() {
    if (!validity.empty()) append_bit(true);
    ++rows;
  }
  void append_bit(bool is_valid);
};

/// Some rows of a result or for a table.
struct Block {
  std::vector<Column> columns;

  [[nodiscard]] std::int64_t rows() const { return columns.empty() ? 0 : columns.front().rows; }
  void clear();
};

}  // namespace millrace::sql
