#pragma once

#include <cstdint>
#include <memory>
#include <optional>
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
/// opened anew; later there is no way to go on behind a row. Throws Failure. [one thread at a time;
/// blocks]
class PlainRows {
 public:
  explicit PlainRows(const SourceQuery& query) : query_{query}, attempts_{query} {}

  /// Returns the next batch; nothing at the end.
  std::optional<Batch> next(Context& context);
  /// After next(): whether to read on at once, since others cannot write meanwhile.
  [[nodiscard]] bool blocks_writers() const { return table_ && table_->blocks_writers(); }

 private:
  void open(Context& context);

  const SourceQuery& query_;
  Attempts attempts_;
  std::unique_ptr<SourceTable> table_;
  std::unique_ptr<sql::Reader> reader_;
  bool has_begun_ = false;
  sql::Block block_;
  std::vector<FoundRow> rows_;
};

}  // namespace millrace::sql_operators
