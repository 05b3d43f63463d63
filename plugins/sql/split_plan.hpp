#pragma once

#include <cstdint>
#include <optional>

#include "plugins/sql/source_query.hpp"
#include "plugins/sql/source_table.hpp"

namespace millrace::sql_operators {

/// Cuts a span of time into ranges that a connection each can read: runs of whole windows with
/// about as many rows and bytes as the query says, and where one window has more, pieces of it.
/// Asks the table's index alone; where there are no rows there are no ranges. [one thread at a
/// time; blocks]
class SplitPlan {
 public:
  explicit SplitPlan(const SourceQuery& query) : query_{query} {}

  /// Returns the first range at or behind `from`, which is a border of windows or where another
  /// range ended; nothing: no rows are left. Throws sql::Failure.
  std::optional<Windows::Range> next(SourceTable& table, std::int64_t from);

 private:
  [[nodiscard]] std::int64_t border(std::int64_t from, std::int64_t windows) const;
  std::int64_t about_rows(SourceTable& table, std::int64_t from, std::int64_t to) const;

  Windows::Range part_of_window(SourceTable& table, std::int64_t start) const;

  const SourceQuery& query_;
  std::int64_t splits_ = 0;
  std::int64_t rows_ = 0;  // that a range is to have
};

}  // namespace millrace::sql_operators
