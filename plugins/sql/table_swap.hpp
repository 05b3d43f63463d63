#pragma once

#include <chrono>
#include <string>
#include <vector>

#include <millrace/context.hpp>
#include <millrace/sql/connection.hpp>

#include "plugins/sql/output_settings.hpp"

namespace millrace::sql_operators {

/// Tables that are written aside, each under a name of its own, and take the places of those that
/// are there in one step (docs/decisions/ledger.md). On a server one session at a time does this in
/// a schema: it holds a lock that the server takes from it when it ends, so whoever has lost the
/// session swaps nothing. A SQLite file has one writer. Functions throw Failure and sql::Failure.
/// [one thread]
class TableSwap {
 public:
  explicit TableSwap(const OutputSettings& settings) : settings_{settings} {}

  /// Where the rows of a table are written: NAME_new.
  static std::string aside(const std::string& table) { return table + "_new"; }
  /// Where the table is when another is in its place, until it is dropped: NAME_old.
  static std::string former(const std::string& table) { return table + "_old"; }

  /// Waits until nobody else swaps tables of the schema. Unavailable after an hour, Cancelled.
  void lock(Context& context, sql::Connection& connection) const;
  void unlock(sql::Connection& connection) const;
  /// Whether this session is still the one.
  [[nodiscard]] bool has_lock(sql::Connection& connection) const;

  /// Drops what a swap that broke off has left of a table. InvalidArgument: a table of such a name
  /// is somebody else's, since it has other columns; or the table is a view.
  void clear(sql::Connection& outside, const std::string& table) const;
  /// Puts the tables aside in their places. Behind all rows, in their transaction: a server commits
  /// it with that, SQLite does not. Returns the names of tables that are to be dropped, the former
  /// ones.
  [[nodiscard]] std::vector<std::string> swap(sql::Connection& connection,
                                              const std::vector<std::string>& tables) const;
  /// Drops those. One that cannot be dropped is left, for the next swap of its table, and logged.
  void drop_former(Context& context, sql::Connection& connection,
                   const std::vector<std::string>& formers) const;

 private:
  [[nodiscard]] std::string quoted(const sql::Connection& connection,
                                   const std::string& table) const;
  void drop_own(sql::Connection& outside, const std::string& table,
                const std::vector<std::string>& columns) const;

  const OutputSettings& settings_;
};

}  // namespace millrace::sql_operators
