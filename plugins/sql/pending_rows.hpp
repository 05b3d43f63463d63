#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <millrace/batch.hpp>
#include <millrace/sql/block.hpp>

#include "plugins/sql/output_settings.hpp"

namespace millrace::sql_operators {

/// Rows that wait to be written, by table and in the order in which they came. Their columns are
/// those of the settings, in that order, and the constants behind them. [one thread]
class PendingRows {
 public:
  /// How many tables a column may name.
  static constexpr std::size_t kMostTables = 256;

  struct TableRows {
    std::string table;
    sql::Block rows;
  };

  explicit PendingRows(const OutputSettings& settings) : settings_{settings} {}

  /// Adds rows [begin, end). Times become texts as databases write them, "2020-01-01 06:00:00",
  /// with six digits behind the point where they are not whole seconds. DataInvalid: a column that
  /// no table takes (lists, structs), a year that is none of 0 to 9999, a row without a table;
  /// Exhausted: more tables than kMostTables.
  void add(const Batch& batch, std::int64_t begin, std::int64_t end);
  /// Forgets the rows, and keeps the memory.
  void clear();

  /// The tables in the order of their first rows; those without rows were there before clear().
  [[nodiscard]] const std::vector<TableRows>& tables() const { return tables_; }
  [[nodiscard]] std::int64_t rows() const { return rows_; }
  [[nodiscard]] std::size_t bytes() const { return bytes_; }  // about

 private:
  // Returns the place in tables_ for each row of [begin, end).
  void find_tables(const Batch& batch, std::int64_t begin, std::int64_t end);
  std::size_t place_of(std::string_view table);
  void add_column(const Batch& batch, std::int64_t begin, std::size_t column, const Field& field);
  void add_constant(std::size_t column, const sql::Value& value);
  sql::Column& column_of(std::size_t place, std::size_t column) {
    return tables_[place].rows.columns[column];
  }

  const OutputSettings& settings_;
  std::vector<TableRows> tables_;
  std::vector<std::size_t> places_;  // of the rows that are being added
  std::int64_t rows_ = 0;
  std::size_t bytes_ = 0;
};

/// Writes a time, in microseconds since 1970, as databases do; DataInvalid outside of the years 0
/// to 9999.
std::string time_text(std::int64_t microseconds);

}  // namespace millrace::sql_operators
