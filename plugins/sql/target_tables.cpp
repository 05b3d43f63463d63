#include "plugins/sql/target_tables.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace millrace::sql_operators {

namespace {

// Returns a, b, c as a list of quoted names.
template <class Names>
std::string quoted_list(const sql::Connection& connection, const Names& names) {
  std::string list;
  for (const auto& name : names) {
    if (!list.empty()) list += ", ";
    list += connection.quote(std::string_view{name});
  }
  return list;
}

}  // namespace

void TargetTables::prepare(sql::Connection& outside, const std::string& table) {
  if (knows(table)) return;
  if (is_swap()) swap_.clear(outside, table);
  const sql::TableInfo info = describe(outside, table);
  if (info.is_view) {
    throw Failure{MR_INVALID_ARGUMENT,
                  fmt::format("{} is a view: name the table behind it", table)};
  }
  if (!info.is_transactional) {
    throw Failure{MR_INVALID_ARGUMENT,
                  fmt::format("table {} is kept by {}, which cannot undo a transaction that broke "
                              "off: ALTER TABLE {} ENGINE=InnoDB",
                              table, info.engine, table)};
  }
  check_columns(info, table);
  try_for_no_row(outside, table);
  known_.insert(table);
}

sql::TableInfo TargetTables::describe(sql::Connection& connection, const std::string& table) const {
  try {
    return connection.describe(name_of(table));
  } catch (const sql::Failure& failure) {
    if (failure.code() != sql::Code::NotFound) throw;
    if (settings_.made.columns.empty()) {
      throw Failure{MR_NOT_FOUND, fmt::format("{}; make it, or say in `create` what it is to be",
                                              failure.what())};
    }
  }
  check_foreign_keys(connection, table);
  make(connection, table);
  return connection.describe(name_of(table));
}

void TargetTables::check_foreign_keys(sql::Connection& connection, const std::string& table) const {
  for (const ForeignKey& foreign : settings_.made.foreign_keys) {
    if (foreign.table == table) continue;
    try {
      const sql::TableInfo info = connection.describe({settings_.schema, foreign.table});
      const bool is_key =
          std::any_of(info.indexes.begin(), info.indexes.end(), [&](const sql::IndexInfo& index) {
            return index.is_unique && index.columns == foreign.references;
          });
      if (is_key) continue;
    } catch (const sql::Failure& failure) {
      if (failure.code() != sql::Code::NotFound) throw;
      throw Failure{MR_NOT_FOUND, fmt::format("table {} is to refer to {}, which has to be there "
                                              "before: {}",
                                              table, foreign.table, failure.what())};
    }
    throw Failure{MR_INVALID_ARGUMENT,
                  fmt::format("table {} is to refer to columns of {} that are no key there: {}",
                              table, foreign.table, fmt::join(foreign.references, ", "))};
  }
}

// A server refuses to let a text refer to one of another collation.
std::string TargetTables::collation(sql::Connection& connection, const MadeColumn& column) const {
  for (const ForeignKey& foreign : settings_.made.foreign_keys) {
    const auto place = std::find(foreign.columns.begin(), foreign.columns.end(), column.name);
    if (place == foreign.columns.end()) continue;
    const std::string& other =
        foreign.references[static_cast<std::size_t>(place - foreign.columns.begin())];
    const std::string& schema = settings_.schema;
    const sql::Rows found = connection.query(
        "SELECT COALESCE(COLLATION_NAME, '') FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = "
        "COALESCE(?, DATABASE()) AND TABLE_NAME = ? AND COLUMN_NAME = ?",
        {schema.empty() ? sql::Value{nullptr} : sql::Value{schema}, foreign.table, other});
    if (found.rows.empty()) continue;
    const auto& name = std::get<std::string>(found.rows[0][0]);
    if (!name.empty()) return " COLLATE " + name;
  }
  return {};
}

void TargetTables::make(sql::Connection& connection, const std::string& table) const {
  const MadeTable& made = settings_.made;
  const bool is_mysql = connection.dialect() == sql::Dialect::MySql;
  std::string columns;
  bool has_key = made.key.empty();
  for (const MadeColumn& column : made.columns) {
    if (!columns.empty()) columns += ", ";
    columns += connection.quote(column.name);
    if (!column.counts_up) {
      columns += fmt::format(" {}{}{}", column.type, is_mysql ? collation(connection, column) : "",
                             column.is_nullable ? "" : " NOT NULL");
    } else if (is_mysql) {
      columns += fmt::format(" {} NOT NULL AUTO_INCREMENT", column.type);
    } else {
      // In these words alone, as the key in its place.
      columns += " INTEGER PRIMARY KEY AUTOINCREMENT";
      has_key = true;
    }
  }
  if (!has_key) columns += fmt::format(", PRIMARY KEY ({})", quoted_list(connection, made.key));
  for (const ForeignKey& foreign : made.foreign_keys) {
    columns += fmt::format(", FOREIGN KEY ({}) REFERENCES {} ({}){}{}",
                           quoted_list(connection, foreign.columns),
                           connection.quote(std::string_view{foreign.table}),
                           quoted_list(connection, foreign.references),
                           foreign.on_delete.empty() ? "" : " ON DELETE ", foreign.on_delete);
  }
  if (is_mysql) {
    for (const auto& index : made.indexes)
      columns += fmt::format(", INDEX ({})", quoted_list(connection, index));
  }
  // Somebody else may make it at this moment.
  connection.run(
      fmt::format("CREATE TABLE IF NOT EXISTS {} ({}){}", connection.quote(name_of(table)), columns,
                  is_mysql ? " ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin" : ""));
  if (!is_swap()) make_indexes(connection, table);
}

void TargetTables::make_indexes(sql::Connection& connection, const std::string& table) const {
  if (connection.dialect() == sql::Dialect::MySql) return;  // they came with the table
  for (const auto& index : settings_.made.indexes) {
    std::string name = table;
    for (const auto& column : index) name += "_" + column;
    connection.run(fmt::format("CREATE INDEX IF NOT EXISTS {} ON {} ({})",
                               connection.quote(sql::TableName{settings_.schema, name}),
                               connection.quote(std::string_view{table}),
                               quoted_list(connection, index)));
  }
}

void TargetTables::check_columns(const sql::TableInfo& info, const std::string& table) const {
  const auto check = [&](const std::string& name) {
    if (info.column(name) != nullptr) return;
    std::string known;
    for (const sql::ColumnInfo& column : info.columns)
      known += (known.empty() ? "" : ", ") + column.name;
    throw Failure{MR_NOT_FOUND,
                  fmt::format("table {} has no column {}; it has {}", table, name, known)};
  };
  for (const auto& [column, from] : settings_.columns) check(column);
  for (const auto& [column, value] : settings_.constants) check(column);
}

void TargetTables::try_for_no_row(sql::Connection& connection, const std::string& table) const {
  const std::string name = connection.quote(name_of(table));
  std::vector<std::string_view> columns;
  for (const auto& [column, from] : settings_.columns) columns.emplace_back(column);
  for (const auto& [column, value] : settings_.constants) columns.emplace_back(column);
  if (settings_.mode == OutputMode::Update) {
    std::string set;
    for (const auto& column : columns) {
      if (!set.empty()) set += ", ";
      set += fmt::format("{} = {}", connection.quote(column), connection.quote(column));
    }
    connection.execute(fmt::format("UPDATE {} SET {} WHERE 1 = 0", name, set));
    return;
  }
  std::string nulls = "NULL";
  for (std::size_t i = 1; i < columns.size(); ++i) nulls += ", NULL";
  connection.execute(fmt::format("INSERT INTO {} ({}) SELECT {} FROM (SELECT 1) AS one WHERE 1 = 0",
                                 name, quoted_list(connection, columns), nulls));
  if (settings_.mode == OutputMode::Replace)
    connection.execute(fmt::format("DELETE FROM {} WHERE 1 = 0", name));
}

}  // namespace millrace::sql_operators
