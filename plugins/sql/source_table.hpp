#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <millrace/batch.hpp>
#include <millrace/context.hpp>
#include <millrace/sql/connection.hpp>

#include "plugins/sql/source_query.hpp"
#include "plugins/sql/time_column.hpp"

namespace millrace::sql_operators {

/// A statement and the values in it.
struct Statement {
  std::string sql;
  std::vector<sql::Value> values{};
};

/// Connects to the database of a query, for reading. Throws Failure or sql::Failure.
std::unique_ptr<sql::Connection> connect_source(Context& context, const SourceQuery& query);

/// Tells the job that the table of a query is passed over, since there is none.
void tell_missing(Context& context, const SourceQuery& query);

/// A table that a query is about. Functions that ask the database throw sql::Failure. [one thread
/// at a time; blocks]
class SourceTable {
 public:
  /// One column that is emitted: its place in the statement's rows is that in columns().
  struct Emitted {
    std::string name;
    Type type = Type::Utf8;
  };

  /// Asks what the table has; both arguments outlive it. NotFound names a column that it does not
  /// have, and those that it has. What the conditions of the query compare with may change later.
  SourceTable(sql::Connection& connection, const SourceQuery& query);

  /// There is no such table, and the query passes that over: it has no columns and no rows, and
  /// nothing below may be asked.
  [[nodiscard]] bool is_missing() const { return is_missing_; }

  /// Whether an index has its rows in the order of time.
  [[nodiscard]] bool has_index() const { return index_.has_value(); }
  /// Whether it has those of the query alone so, one behind the other.
  [[nodiscard]] bool has_index_of_query() const {
    return index_ && index_->fixed.size() == query_.where.size();
  }
  /// Whether a statement that is being read keeps others from writing to the database.
  [[nodiscard]] bool blocks_writers() const { return blocks_writers_; }

  [[nodiscard]] const std::vector<Emitted>& columns() const { return columns_; }
  /// Places in the rows of the time and, where there is one, the id. They may stand behind those of
  /// columns().
  [[nodiscard]] std::size_t time_place() const { return time_place_; }
  [[nodiscard]] std::optional<std::size_t> id_place() const { return id_place_; }
  [[nodiscard]] const TimeColumn& time() const { return *time_; }

  /// All rows of the query from `from` to before `before`, in the order of time.
  std::unique_ptr<sql::Reader> stream(std::int64_t from, std::int64_t before);
  /// The first of them, `most` at the most.
  std::unique_ptr<sql::Reader> stream(std::int64_t from, std::int64_t before, std::int64_t most);
  /// All rows of a query that is not by time.
  std::unique_ptr<sql::Reader> stream();

  /// For tables with the index, all from the index alone: the time of the first row, which need not
  /// be one of the query's.
  std::optional<std::int64_t> first_time(std::int64_t from, std::int64_t before);
  /// The times of the first row and of the last one that the index has for the query's conditions.
  std::optional<std::pair<std::int64_t, std::int64_t>> time_span();
  /// About how many rows there are. They are counted, up to `most`, where the database has no idea.
  std::int64_t about_rows(std::int64_t from, std::int64_t before, std::int64_t most);
  /// The mean bytes of what is read of the first rows.
  double row_bytes(std::int64_t from, std::int64_t before);

 private:
  struct Index {
    std::string name;                  // empty: it has none that a statement can say
    std::vector<std::size_t> fixed{};  // the query's conditions on columns before the time's
  };

  std::optional<sql::TableInfo> describe() const;
  std::optional<std::int64_t> time_at_end(const char* order, std::int64_t from,
                                          std::int64_t before);
  std::int64_t count_rows(std::int64_t from, std::int64_t before, std::int64_t most);
  std::int64_t believed_rows();
  const sql::ColumnInfo& find(const sql::TableInfo& info, const std::string& name) const;
  void choose_columns(const sql::TableInfo& info);
  void choose_index(const sql::TableInfo& info);
  [[nodiscard]] std::string selected(const sql::ColumnInfo& column) const;
  [[nodiscard]] std::string from_table(bool by_index) const;
  void add_condition(Statement& statement, const SourceQuery::Condition& condition) const;
  void add_range(Statement& statement, std::int64_t from, std::int64_t before) const;
  /// "SELECT ... FROM ... WHERE" by the index alone, of a range.
  [[nodiscard]] Statement by_index(const std::string& what, std::int64_t from,
                                   std::int64_t before) const;
  [[nodiscard]] Statement of_query(bool is_by_time) const;

  const SourceQuery& query_;
  sql::Connection& connection_;
  std::vector<Emitted> columns_;
  std::string select_;              // of the statement's columns
  std::string sizes_;               // of the texts among them, as one sum
  std::vector<std::string> order_;  // of a query that is not by time
  std::string time_name_;           // quoted
  std::optional<TimeColumn> time_;
  std::size_t time_place_ = 0;
  std::optional<std::size_t> id_place_;
  std::optional<Index> index_;
  bool blocks_writers_ = false, is_missing_ = false;
};

}  // namespace millrace::sql_operators
