#include "plugins/sql/guard.hpp"

#include "plugins/sql/pending_rows.hpp"

#include <fmt/format.h>

namespace millrace::sql_operators {

std::string_view same_as(sql::Dialect dialect) {
  return dialect == sql::Dialect::MySql ? " <=> ?" : " IS ?";
}

void Guard::check(sql::Connection& connection) const {
  if (!is_wanted()) return;
  const sql::TableInfo info = connection.describe({settings_.schema, settings_.table});
  if (info.is_view || !info.is_transactional) {
    throw Failure{MR_INVALID_ARGUMENT,
                  fmt::format("guard: {} is {}, and must be a table that can be rolled back",
                              settings_.table, info.is_view ? "a view" : "kept by " + info.engine)};
  }
  const auto check_column = [&](const std::string& name) {
    if (info.column(name) != nullptr) return;
    throw Failure{MR_NOT_FOUND,
                  fmt::format("guard: table {} has no column {}", settings_.table, name)};
  };
  for (const auto& [column, value] : settings_.key) check_column(column);
  for (const auto& [column, value] : settings_.unless) check_column(column);
  for (const auto& change : settings_.set) check_column(change.column);
}

std::string Guard::where(sql::Connection& connection, std::vector<sql::Value>& values) const {
  std::string condition;
  for (const auto& [column, value] : settings_.key) {
    condition += fmt::format("{}{}{}", condition.empty() ? "" : " AND ", connection.quote(column),
                             same_as(connection.dialect()));
    values.push_back(value);
  }
  return condition;
}

// The row is looked for and not counted: MySQL counts no row that an UPDATE leaves as it is.
bool Guard::allows(sql::Connection& connection) const {
  if (!is_wanted()) return true;
  std::vector<sql::Value> asked;
  const auto condition = where(connection, asked);
  std::string question =
      fmt::format("SELECT 1 FROM {} WHERE {}",
                  connection.quote(sql::TableName{settings_.schema, settings_.table}), condition);
  for (const auto& [column, value] : settings_.unless) {
    question +=
        fmt::format(" AND NOT ({}{})", connection.quote(column), same_as(connection.dialect()));
    asked.push_back(value);
  }
  if (connection.dialect() == sql::Dialect::MySql) question += " FOR UPDATE";
  return !connection.query(question, asked).rows.empty();
}

void Guard::tell(sql::Connection& connection, const LedgerRow& row) const {
  if (settings_.set.empty()) return;
  std::string set;
  std::vector<sql::Value> values;
  for (const auto& change : settings_.set) {
    set += fmt::format("{}{} = ?", set.empty() ? "" : ", ", connection.quote(change.column));
    values.push_back(value_of(change, row));
  }
  const auto condition = where(connection, values);
  connection.execute(
      fmt::format("UPDATE {} SET {} WHERE {}",
                  connection.quote(sql::TableName{settings_.schema, settings_.table}), set,
                  condition),
      values);
}

std::string Guard::describe() const {
  std::string text = "no row of " + settings_.table + " with that ";
  for (const auto& [column, value] : settings_.key)
    text += (&column == &settings_.key.front().first ? "" : ", ") + column;
  for (const auto& [column, value] : settings_.unless) text += ", or its " + column + " says no";
  return text;
}

sql::Value Guard::value_of(const GuardSettings::Change& change, const LedgerRow& row) const {
  if (change.from.empty()) return change.value;
  if (change.from == "written") return row.written();
  if (change.from == "tables") {
    std::string names;
    for (const auto& [table, rows] : row.tables) names += (names.empty() ? "" : ",") + table;
    return names;
  }
  if (!row.position) return nullptr;
  if (change.from == "time") return time_text(*row.position);
  return *row.position;
}

}  // namespace millrace::sql_operators
