#include "plugins/sql/table_swap.hpp"

#include <algorithm>
#include <optional>

#include <fmt/format.h>

namespace millrace::sql_operators {

namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr std::chrono::hours kPatience{1};

// Names of locks are those of a whole server, and short.
constexpr const char* kLockName = "CONCAT('millrace.swap.', MD5(IF(? = '', DATABASE(), ?)))";

bool is_mysql(const sql::Connection& connection) {
  return connection.dialect() == sql::Dialect::MySql;
}

// What is there under a name; nothing where nothing is.
std::optional<sql::TableInfo> describe(sql::Connection& connection, const sql::TableName& name) {
  try {
    return connection.describe(name);
  } catch (const sql::Failure& failure) {
    if (failure.code() == sql::Code::NotFound) return std::nullopt;
    throw;
  }
}

std::vector<std::string> columns_of(const sql::TableInfo& table) {
  std::vector<std::string> names;
  for (const auto& column : table.columns) names.push_back(column.name);
  return names;
}

}  // namespace

void TableSwap::lock(Context& context, sql::Connection& connection) const {
  if (!is_mysql(connection)) return;
  const std::string question = fmt::format("SELECT GET_LOCK({}, 1)", kLockName);
  for (const auto until = SteadyClock::now() + kPatience;;) {
    if (context.stopping()) throw Failure{MR_CANCELLED, "stopped while others swap tables"};
    const auto rows = connection.query(question, {settings_.schema, settings_.schema}).rows;
    if (sql::integer(rows.at(0).at(0)) == 1) return;
    if (SteadyClock::now() >= until)
      throw Failure{MR_UNAVAILABLE, "others have been swapping tables of the schema for an hour: " +
                                        settings_.schema};
  }
}

void TableSwap::unlock(sql::Connection& connection) const {
  if (!is_mysql(connection)) return;
  connection.query(fmt::format("SELECT RELEASE_LOCK({})", kLockName),
                   {settings_.schema, settings_.schema});
}

bool TableSwap::has_lock(sql::Connection& connection) const {
  if (!is_mysql(connection)) return true;
  const std::string question =
      fmt::format("SELECT IS_USED_LOCK({}) <=> CONNECTION_ID()", kLockName);
  const auto rows = connection.query(question, {settings_.schema, settings_.schema}).rows;
  return sql::integer(rows.at(0).at(0)) == 1;
}

void TableSwap::clear(sql::Connection& outside, const std::string& table) const {
  const auto target = describe(outside, {settings_.schema, table});
  if (target && target->is_view)
    throw Failure{MR_INVALID_ARGUMENT,
                  fmt::format("{} is a view: name the table behind it", table)};
  std::vector<std::string> made;
  for (const auto& column : settings_.made.columns) made.push_back(column.name);
  drop_own(outside, aside(table), made);
  drop_own(outside, former(table), target ? columns_of(*target) : made);
}

void TableSwap::drop_own(sql::Connection& outside, const std::string& table,
                         const std::vector<std::string>& columns) const {
  const auto found = describe(outside, {settings_.schema, table});
  if (!found) return;
  if (found->is_view || columns_of(*found) != columns) {
    throw Failure{
        MR_INVALID_ARGUMENT,
        fmt::format("{} is there and was not made for a swap, since it has other columns: "
                    "give it another name, or drop it",
                    table)};
  }
  outside.run("DROP TABLE " + quoted(outside, table));
}

std::vector<std::string> TableSwap::swap(sql::Connection& connection,
                                         const std::vector<std::string>& tables) const {
  if (!is_mysql(connection)) {
    for (const auto& table : tables) {
      connection.run("DROP TABLE IF EXISTS " + quoted(connection, table));
      connection.run(fmt::format("ALTER TABLE {} RENAME TO {}", quoted(connection, aside(table)),
                                 connection.quote(std::string_view{table})));
    }
    return {};
  }
  std::vector<std::string> formers;
  std::string renamed;
  const auto rename = [&](const std::string& from, const std::string& to) {
    renamed += fmt::format("{}{} TO {}", renamed.empty() ? "" : ", ", quoted(connection, from),
                           quoted(connection, to));
  };
  for (const auto& table : tables) {
    if (describe(connection, {settings_.schema, table})) {
      formers.push_back(former(table));
      rename(table, formers.back());
    }
    rename(aside(table), table);
  }
  // The server commits the rows, and then gives all tables their names or none. It is one statement
  // of the session that has the lock: where that is lost, it does neither.
  if (!renamed.empty()) connection.run("RENAME TABLE " + renamed);
  return formers;
}

void TableSwap::drop_former(Context& context, sql::Connection& connection,
                            const std::vector<std::string>& formers) const {
  for (const auto& table : formers) {
    try {
      connection.run("DROP TABLE " + quoted(connection, table));
    } catch (const sql::Failure& failure) {
      context.log(Level::Warn, fmt::format("table {} is left behind: {}", table, failure.what()));
    }
  }
}

std::string TableSwap::quoted(const sql::Connection& connection, const std::string& table) const {
  return connection.quote(sql::TableName{settings_.schema, table});
}

}  // namespace millrace::sql_operators
