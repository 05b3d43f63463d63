#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <string_view>

#include <sqlite3.h>

#include <millrace/sql/block.hpp>
#include <millrace/sql/failure.hpp>

namespace millrace::sql {

struct CloseSqlite {
  // Waits by itself for readers that outlive the connection.
  void operator()(sqlite3* database) const { sqlite3_close_v2(database); }
};
struct FinalizeSqlite {
  void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
};
using SqliteHandle = std::unique_ptr<sqlite3, CloseSqlite>;
using SqliteStatement = std::unique_ptr<sqlite3_stmt, FinalizeSqlite>;

/// What a connection to a SQLite file and its reader share.
struct SqliteSession {
  std::string path;
  SqliteHandle handle;
  std::chrono::steady_clock::time_point stop_at = std::chrono::steady_clock::time_point::max();
  bool is_read = false;  // by a Reader

  /// Returns what a result of the library that is no success means, within a statement or not.
  [[nodiscard]] Failure failure(int result, std::string_view sql = {}) const;
  /// Prepares the one statement of `sql`; `flags` are SQLite's.
  [[nodiscard]] SqliteStatement prepare(std::string_view sql, unsigned flags) const;
};

/// What a declared type means for its values, by SQLite's own rules (datatype3.html, 3.1) and by
/// the names of types that it leaves open. Text for a column that declares none.
Type type_of_sqlite(std::string_view declared);

}  // namespace millrace::sql
