#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <millrace/batch.hpp>
#include <millrace/context.hpp>
#include <millrace/sql/connection.hpp>

#include "plugins/sql/attempts.hpp"
#include "plugins/sql/row_batch.hpp"
#include "plugins/sql/source_query.hpp"
#include "plugins/sql/source_table.hpp"

namespace millrace::sql_operators {

/// Reads the rows of a query that is not by time. A connection that is lost before the first row is
/// opened anew; later there is no way to go on behind a row. Rows that are spread over times come
/// from tenths of the span between the first time and the last one, where an index has the rows of
/// the query in the order of time; else they are the first ones. A table that is missing, where the
/// query passes that over, is counted as "missingTables". Throws Failure. [one thread at a time;
/// blocks]
class PlainRows {
 public:
  explicit PlainRows(const SourceQuery& query) : query_{query}, attempts_{query} {}

  /// Begins anew with what the query says now: another table, or other values that its columns are
  /// compared with. What is left of the rows before is dropped.
  void begin();
  /// Returns what the table has, before its rows are read; nothing where it is missing.
  const std::vector<SourceTable::Emitted>& look(Context& context);
  /// Returns the next batch; nothing at the end.
  std::optional<Batch> next(Context& context);
  /// After next(): whether to read on at once, since others cannot write meanwhile.
  [[nodiscard]] bool blocks_writers() const { return table_ && table_->blocks_writers(); }
  /// After next(): what the table has; nothing where it is missing.
  [[nodiscard]] const std::vector<SourceTable::Emitted>& columns() const {
    return table_->columns();
  }

 private:
  static constexpr std::int64_t kMostPieces = 10;

  /// What is still to be read of rows that are spread.
  struct Spread {
    std::int64_t first = 0, last = 0;    // times
    std::int64_t pieces = 1, piece = 0;  // how many, and the next one
    std::int64_t left = 0;               // rows
  };

  bool find_table(Context& context);  // false: it is missing
  bool open(Context& context);        // false: it is missing, or has no more rows
  bool open_piece();
  [[nodiscard]] std::string doing() const { return "read table " + query_.table.table; }

  const SourceQuery& query_;
  Attempts attempts_;
  std::unique_ptr<sql::Connection> connection_;
  std::unique_ptr<SourceTable> table_;
  std::string table_name_;  // of table_
  std::unique_ptr<sql::Reader> reader_;
  bool has_begun_ = false;
  std::optional<Spread> spread_;
  sql::Block block_;
  std::vector<FoundRow> rows_;
};

}  // namespace millrace::sql_operators
