#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <millrace/context.hpp>
#include <millrace/params.hpp>
#include <millrace/sql/value.hpp>

namespace millrace::sql_operators {

/// A column of a table that output.sql makes.
struct MadeColumn {
  std::string name, type;  // "varchar(32)"
  bool is_nullable = true;
  bool counts_up = false;  // the database gives rows without a value the next number
};

/// Columns whose values are there in those of another table that is made, or is there.
struct ForeignKey {
  std::vector<std::string> columns;
  std::string table;
  std::vector<std::string> references;  // columns of it, as many
  std::string_view on_delete;           // as SQL has it: "CASCADE"; empty: nothing is said
};

/// A table that output.sql makes where it is missing; without columns it makes none.
struct MadeTable {
  std::vector<MadeColumn> columns;
  std::vector<std::string> key;                   // the primary key; empty: none
  std::vector<std::vector<std::string>> indexes;  // columns of each
  std::vector<ForeignKey> foreign_keys;
};

using NamedValue = std::pair<std::string, sql::Value>;

/// The row of another table that each transaction asks, and changes.
struct GuardSettings {
  /// What a column becomes.
  struct Change {
    std::string column;
    std::string from;       // "tables", "written", "position", "time"; empty: the value
    sql::Value value = {};  // of its own
  };
  std::string schema, table;       // no table: there is no guard
  std::vector<NamedValue> key;     // which row
  std::vector<NamedValue> unless;  // a column with this value says no
  std::vector<Change> set;
};

enum class OutputMode { Append, Replace, Update, Swap };

/// The parameters of output.sql.
struct OutputSettings {
  explicit OutputSettings(const Params& params);

  std::string connection, schema;
  std::string table, table_column;                           // one of the two
  std::vector<std::string> tables;                           // with table_column; empty: any
  std::vector<std::pair<std::string, std::string>> columns;  // of the table, of the rows
  std::vector<NamedValue> constants;
  OutputMode mode = OutputMode::Append;
  std::vector<std::string> key;
  std::string window;  // empty: none
  MadeTable made;
  GuardSettings guard;
  std::string ledger_schema, ledger_table, ledger_key;
  std::chrono::steady_clock::duration transaction_time{};
  std::size_t transaction_bytes = 0;
  int attempts = 1;  // at a transaction
  std::chrono::milliseconds attempt_wait{};
  std::chrono::seconds silence{};

  /// Whether all rows are seen at once, and none before the last.
  [[nodiscard]] bool is_at_once() const {
    return mode == OutputMode::Replace || mode == OutputMode::Swap;
  }
  /// The constant of a column; null where it has none.
  [[nodiscard]] const sql::Value* constant(std::string_view column) const;
};

/// What JSON Schema cannot say of the parameters, and the trait `reads`. For plan().
void check_output(Context& context, const Params& params);

}  // namespace millrace::sql_operators
