#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <millrace/context.hpp>
#include <millrace/sql/connection.hpp>

#include "plugins/sql/windows.hpp"

namespace millrace::sql_operators {

/// The parameters of input.sql, which read.sql has too.
inline constexpr auto kSourceParams = R"({
    "connection": {"type": "string", "mandatory": true, "minLength": 1, "maxLength": 128,
      "doc": "Name of the database, among the pipeline's `connections` or the server's."},
    "schema": {"type": "string", "default": "", "maxLength": 128,
      "doc": "Schema of the table; the connection's own where this is empty."},
    "table": {"type": "string", "mandatory": true, "minLength": 1, "maxLength": 128,
      "doc": "The table or view."},
    "columns": {"type": "array", "items": {"type": "string", "minLength": 1}, "maxItems": 1000,
      "doc": "Columns to emit, by name; all of the table when absent."},
    "where": {"type": "object", "additionalProperties": {"type": "any"},
      "doc": "Column and value that its rows have: a text, a number, true or false, null, or a list of some, of which one."},
    "not_null": {"type": "array", "items": {"type": "string", "minLength": 1}, "maxItems": 1000,
      "doc": "Columns that must have a value in a row."},
    "time": {"type": "object", "required": ["column", "from", "to"],
      "properties": {
        "column": {"type": "string", "minLength": 1, "doc": "DATETIME, TIMESTAMP, DATE, or seconds since 1970 as an integer; in SQLite also texts, all of one form, as \"2021-01-31 06:00:00\"."},
        "from": {"type": "string", "doc": "The first time, as \"2021-01-31\" or \"2021-01-31 06:00:00\"."},
        "to": {"type": "string", "doc": "The time behind the last one."},
        "window_hours": {"type": "integer", "default": 24, "minimum": 1, "maximum": 8784, "unit": "hours", "doc": "Length of a window."},
        "closed": {"type": "boolean", "default": false, "doc": "Windows have both of their ends, so that a row on a border is emitted for each of two, and a window that would pass `to` is left out."}},
      "doc": "Read the rows of a span of time in the order of time, window by window: {column, from, to, window_hours, closed}. `from` and `to` are as \"2021-01-31\" or \"2021-01-31 06:00:00\", the second is behind the last row; a window has 24 hours where nothing else is said. With `closed` windows have both of their ends, a row on a border is emitted for each of two, and a window that would pass `to` is left out."},
    "id": {"type": "string", "minLength": 1,
      "doc": "With `time`: the column by whose bytes rows of one time are ordered, an integer by its value. When absent their order is the database's."},
    "window_column": {"type": "string", "default": "window", "minLength": 1,
      "doc": "With `time`: name of the column with the start of a row's window, in microseconds since 1970 on the wall."},
    "order": {"type": "array", "items": {"type": "string", "minLength": 1}, "maxItems": 64,
      "doc": "Without `time`: columns to order by, texts by their bytes, in a server by the first 65,535; \"-\" before a name orders downwards."},
    "limit": {"type": "integer", "minimum": 1, "unit": "rows", "doc": "Without `time`: rows at the most."},
    "missing": {"type": "string", "enum": ["fail", "skip"], "default": "fail",
      "doc": "What to do where there is no such table: fail, or `skip` it, which gives no rows and is counted as `missingTables`."},
    "connections": {"type": "integer", "default": 2, "minimum": 1, "maximum": 16,
      "doc": "Connections that read side by side where an index begins with the time."},
    "attempts": {"type": "integer", "default": 5, "minimum": 1, "maximum": 1000,
      "doc": "How often in a row the server is tried when it is away or loses the connection."},
    "attempt_wait_s": {"type": "number", "default": 3, "minimum": 0, "maximum": 3600, "unit": "seconds",
      "doc": "Time between two attempts."},
    "silence_s": {"type": "integer", "default": 3600, "minimum": 1, "maximum": 86400, "unit": "seconds",
      "doc": "How long a server may keep silent before it counts as away: one that sorts a big table is silent until it has done so."},
    "batch_rows": {"type": "integer", "default": 16384, "minimum": 1, "maximum": 1048576, "unit": "rows",
      "doc": "Rows of a batch at the most; few more where a window has both of its ends."},
    "batch_bytes": {"type": "integer", "default": 4194304, "minimum": 1, "maximum": 67108864, "unit": "bytes",
      "doc": "Text of a batch, about."},
    "split_rows": {"type": "integer", "default": 100000, "minimum": 1, "maximum": 100000000, "unit": "rows",
      "doc": "Rows that one connection reads at once, about."},
    "split_bytes": {"type": "integer", "default": 8388608, "minimum": 1, "maximum": 1073741824, "unit": "bytes",
      "doc": "Bytes that one connection reads at once, about."},
    "split_windows": {"type": "integer", "default": 28, "minimum": 1, "maximum": 1000000, "unit": "windows",
      "doc": "Windows that one connection reads at once, at the most."},
    "same_time_bytes": {"type": "integer", "default": 67108864, "minimum": 1, "maximum": 1073741824, "unit": "bytes",
      "doc": "Rows of one time are held until all are there; more than this fails."}
  })";

/// What a pipeline wants of a table. Columns are as it spells them.
struct SourceQuery {
  struct Column {
    std::string column, name;  // of the table, of what is emitted
  };
  struct Condition {
    std::string column;
    std::string_view op;             // as SQL has it: "=", "<>", "IN", "IS NULL"
    std::vector<sql::Value> values;  // behind it: none, one, or some for "IN"
  };
  struct Order {
    std::string column;
    bool is_downward = false;
  };

  std::string connection;
  sql::TableName table;
  std::vector<Column> columns;  // empty: all
  std::vector<Condition> where;
  std::vector<std::string> not_null;
  std::string time_column;  // empty: rows are not read by time
  Windows windows;
  std::string id, window_column;
  std::vector<Order> order;
  std::int64_t limit = 0;      // 0: none
  std::string spread;          // a column of times over which `limit` rows are spread; or empty
  bool skips_missing = false;  // a table that is not there has no rows

  std::int64_t attempts = 1;
  std::chrono::milliseconds attempt_wait{0};
  std::chrono::seconds silence{0};
  std::int64_t batch_rows = 0, split_rows = 0, split_windows = 0;
  std::size_t batch_bytes = 0, split_bytes = 0, same_time_bytes = 0;

  /// Of an operator that has some of kSourceParams; `columns` may be an object too, and `where` a
  /// list of {column, op, value}, where the value of a condition that lacks it is null.
  explicit SourceQuery(const Params& params);

  [[nodiscard]] bool is_by_time() const { return !time_column.empty(); }
  /// The column of times in whose order an index is looked for; empty: none.
  [[nodiscard]] const std::string& sorted_by() const { return is_by_time() ? time_column : spread; }
};

/// A value that a column is compared with. Anything but a text, a number, true and false is null.
[[nodiscard]] sql::Value compared_value(const Value& value);
/// Whether a value is a list of 1 to 1000 texts, numbers, true or false.
[[nodiscard]] bool is_value_list(const Value& value);

/// Reports what is wrong with the parameters beyond their declaration, as Context::fault(). [in
/// plan()]
void check_source_query(Context& context, const Params& params);

}  // namespace millrace::sql_operators
