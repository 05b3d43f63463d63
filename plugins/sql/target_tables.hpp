#pragma once

#include <set>
#include <string>
#include <string_view>

#include <millrace/sql/connection.hpp>

#include "plugins/sql/output_settings.hpp"
#include "plugins/sql/table_swap.hpp"

namespace millrace::sql_operators {

/// The tables that output.sql writes to: makes those that are missing, and refuses by name, before
/// a row is written, those that cannot be written as wanted. [one thread]
class TargetTables {
 public:
  explicit TargetTables(const OutputSettings& settings) : settings_{settings}, swap_{settings} {}

  /// Looks at a table once. `outside` is no transaction's: a server ends one with whatever makes a
  /// table. Throws Failure: NotFound names the table or the column that is missing, and what is
  /// there; InvalidArgument a view, or a table that cannot be rolled back. Throws sql::Failure:
  /// PermissionDenied.
  void prepare(sql::Connection& outside, const std::string& table);
  [[nodiscard]] bool knows(const std::string& table) const { return known_.contains(table); }

  /// Looks at all of them again, and makes those anew that are swapped in.
  void forget() { known_.clear(); }

  /// Where the rows of a table are written.
  [[nodiscard]] sql::TableName name_of(const std::string& table) const {
    return {settings_.schema, is_swap() ? TableSwap::aside(table) : table};
  }
  /// Makes the indexes of a table that was swapped in, where their names are those of the schema.
  void make_indexes(sql::Connection& connection, const std::string& table) const;

 private:
  [[nodiscard]] bool is_swap() const { return settings_.mode == OutputMode::Swap; }
  sql::TableInfo describe(sql::Connection& connection, const std::string& table) const;
  void make(sql::Connection& connection, const std::string& table) const;
  // Throws NotFound or InvalidArgument where what the table is to refer to is no key of another.
  void check_foreign_keys(sql::Connection& connection, const std::string& table) const;
  // " COLLATE ..." for a column that refers to a text, else nothing.
  [[nodiscard]] std::string collation(sql::Connection& connection, const MadeColumn& column) const;
  void check_columns(const sql::TableInfo& info, const std::string& table) const;
  // Runs what will be done for no row: whether the account may is for the database to say.
  void try_for_no_row(sql::Connection& connection, const std::string& table) const;

  const OutputSettings& settings_;
  const TableSwap swap_;
  std::set<std::string, std::less<>> known_;
};

}  // namespace millrace::sql_operators
