#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <millrace/sql/block.hpp>

namespace millrace::sql {

struct ColumnInfo {
  std::string name;
  Type type = Type::Text;
  bool is_nullable = true;
  std::string declared{};  // "varchar(200)"
};

struct IndexInfo {
  std::string name;                  // "PRIMARY" for the primary key
  std::vector<std::string> columns;  // in the index's order; empty text for an expression
  bool is_unique = false;
};

/// What a database says of a table or view.
struct TableInfo {
  std::vector<ColumnInfo> columns;  // in the table's order
  std::vector<IndexInfo> indexes;
  bool is_view = false;
  std::string engine{};  // "InnoDB"; empty for a view and in SQLite
  // Whether a transaction that wrote to it can be rolled back. Not for MyISAM.
  bool is_transactional = true;

  /// Names are compared without regard to ASCII case, as both databases do. Nothing: there is none.
  [[nodiscard]] const ColumnInfo* column(std::string_view name) const;
  /// Whether an index begins with the column, so that its order and its ranges are cheap.
  [[nodiscard]] bool has_index_on(std::string_view column) const;
};

}  // namespace millrace::sql
