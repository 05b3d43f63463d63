#pragma once

#include <cstdint>
#include <string>

#include <millrace/sql/connection.hpp>

namespace millrace::sql_operators {

/// How a table writes the times that its rows are read by.
class TimeColumn {
 public:
  /// Looks into the table, of SQLite at its first and its last time. Throws sql::Failure where the
  /// column holds no times, or some of two forms, whose order is not that of time.
  static TimeColumn find(sql::Connection& connection, const sql::TableName& table,
                         const sql::ColumnInfo& column);

  /// The value that stands in a statement for the first time that is not before `time`, in
  /// microseconds of wall time.
  [[nodiscard]] sql::Value bound(std::int64_t time) const;
  /// The time of a row. Throws sql::Failure with DataInvalid where it is none, and where a database
  /// that orders texts put it elsewhere than between the two.
  [[nodiscard]] std::int64_t read(const sql::Column& column, std::int64_t row, std::int64_t from,
                                  std::int64_t before) const;

 private:
  enum class Form { Native, Seconds, Text };

  explicit TimeColumn(std::string name) : name_{std::move(name)} {}
  [[noreturn]] void refuse(std::string_view found) const;

  std::string name_;
  Form form_ = Form::Native;
  char separator_ = ' ';  // of texts: between day and clock
};

}  // namespace millrace::sql_operators
