#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <millrace/sql/connection.hpp>

#include "sqlite_session.hpp"

namespace millrace::sql {

/// Streams the rows of a bound statement. A column is of the type that its table declares, else of
/// its first row's; SQLite keeps a type for each cell, and one that does not fit is a Failure with
/// DataInvalid.
class SqliteReader final : public Reader {
 public:
  SqliteReader(std::shared_ptr<SqliteSession> session, SqliteStatement statement,
               std::vector<Value> values);
  ~SqliteReader() override;
  SqliteReader(const SqliteReader&) = delete;
  SqliteReader& operator=(const SqliteReader&) = delete;

 private:
  bool read_rows(Block& block, std::int64_t max_rows, std::size_t max_bytes) override;
  bool step();
  void find_types();
  void append(Column& column, int place) const;

  const std::shared_ptr<SqliteSession> session_;  // may outlive the connection
  const std::vector<Value> values_;               // bound without a copy
  SqliteStatement statement_;
  std::vector<Type> types_;
  bool has_row_ = false;
};

/// Binds the values, which are not copied and stay until the statement is reset.
void bind_sqlite(const SqliteSession& session, sqlite3_stmt* statement,
                 const std::vector<Value>& values);

}  // namespace millrace::sql
