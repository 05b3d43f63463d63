#include "plugins/sql/ledger.hpp"

#include <algorithm>
#include <numeric>
#include <utility>

#include <nlohmann/json.hpp>

#include <millrace/context.hpp>

#include <fmt/format.h>

namespace millrace::sql_operators {

namespace {

using LedgerJson = nlohmann::ordered_json;

std::size_t count_characters(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char byte) {
    return (static_cast<unsigned char>(byte) & 0xc0) != 0x80;
  }));
}

std::string tables_text(const std::vector<TableCount>& tables) {
  LedgerJson text = LedgerJson::array();
  for (const auto& [table, rows] : tables) text.push_back({table, rows});
  return text.dump(-1, ' ', false, LedgerJson::error_handler_t::replace);
}

std::vector<TableCount> read_tables(const std::string& text, const std::string& work) {
  std::vector<TableCount> tables;
  try {
    for (const auto& item : LedgerJson::parse(text))
      tables.push_back({item.at(0).get<std::string>(), item.at(1).get<std::int64_t>()});
  } catch (const nlohmann::json::exception&) {
    throw Failure{MR_DATA_INVALID,
                  fmt::format("ledger: the tables of {} are not readable: {}", work, text)};
  }
  return tables;
}

}  // namespace

void LedgerRow::add(std::string_view table, std::int64_t rows) {
  if (rows == 0) return;
  const auto found = std::find_if(tables.begin(), tables.end(),
                                  [&](const TableCount& one) { return one.table == table; });
  if (found != tables.end()) {
    found->rows += rows;
  } else {
    tables.push_back({std::string{table}, rows});
  }
}

std::int64_t LedgerRow::written() const {
  return std::accumulate(
      tables.begin(), tables.end(), std::int64_t{0},
      [](std::int64_t sum, const TableCount& table) { return sum + table.rows; });
}

Ledger::Ledger(sql::TableName table, std::string work, std::string holder, std::int64_t token)
    : table_{std::move(table)}, work_{std::move(work)}, holder_{std::move(holder)}, token_{token} {
  for (const auto* name : {&work_, &holder_}) {
    if (count_characters(*name) <= kLongestName) continue;
    throw Failure{MR_INVALID_ARGUMENT,
                  fmt::format("ledger: a name of more than {} characters, give the node a shorter "
                              "one, or ledger.key: {}",
                              kLongestName, *name)};
  }
}

void Ledger::create(sql::Connection& connection) const {
  const std::string name = connection.quote(table_);
  std::string statement = fmt::format(
      "CREATE TABLE IF NOT EXISTS {} (work VARCHAR({}) NOT NULL PRIMARY KEY, holder VARCHAR({}) "
      "NOT "
      "NULL, token BIGINT NOT NULL, row_position BIGINT, commits BIGINT NOT NULL, written BIGINT "
      "NOT NULL, written_by_table {} NOT NULL)",
      name, kLongestName, kLongestName,
      connection.dialect() == sql::Dialect::MySql ? "LONGTEXT" : "TEXT");
  if (connection.dialect() == sql::Dialect::MySql)
    statement += " ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin";
  try {
    const sql::TableInfo info = connection.describe(table_);
    if (info.is_transactional && !info.is_view && info.column("written_by_table") != nullptr)
      return;
    throw Failure{
        MR_INVALID_ARGUMENT,
        fmt::format("ledger {}: a table of that name is there that is no ledger or cannot "
                    "be rolled back ({}); name another in ledger.table",
                    table_.table, info.is_view ? "a view" : info.engine)};
  } catch (const sql::Failure& failure) {
    if (failure.code() != sql::Code::NotFound) throw;
  }
  connection.run(statement);
}

LedgerRow Ledger::take_over(sql::Connection& connection) const {
  insert_missing(connection);
  connection.begin();
  auto row = read(connection, true);
  if (!row) lose("its row was deleted");
  if (row->holder == holder_ && row->token > token_)
    lose(fmt::format("attempt {} of the job has it, this one is {}", row->token, token_));
  connection.execute(
      fmt::format("UPDATE {} SET holder = ?, token = ? WHERE work = ?", connection.quote(table_)),
      {holder_, token_, work_});
  connection.commit();
  row->holder = holder_;
  row->token = token_;
  return *std::move(row);
}

LedgerRow Ledger::lock(sql::Connection& connection) const {
  auto row = read(connection, true);
  if (!row) lose("its row was deleted");
  if (row->holder != holder_ || row->token != token_)
    lose(fmt::format("{} has it, attempt {}", row->holder, row->token));
  return *std::move(row);
}

void Ledger::write(sql::Connection& connection, const LedgerRow& row) const {
  const sql::Value position = row.position ? sql::Value{*row.position} : sql::Value{nullptr};
  connection.execute(
      fmt::format("UPDATE {} SET row_position = ?, commits = ?, written = ?, written_by_table = ? "
                  "WHERE work = ?",
                  connection.quote(table_)),
      {position, row.commits, row.written(), tables_text(row.tables), work_});
}

std::optional<LedgerRow> Ledger::read(sql::Connection& connection, bool for_update) const {
  std::string statement = fmt::format(
      "SELECT holder, token, row_position, commits, written_by_table FROM {} WHERE work = ?",
      connection.quote(table_));
  // A transaction of SQLite has the whole file.
  if (for_update && connection.dialect() == sql::Dialect::MySql) statement += " FOR UPDATE";
  const sql::Rows found = connection.query(statement, {work_});
  if (found.rows.empty()) return std::nullopt;
  const auto& cells = found.rows.front();
  LedgerRow row;
  row.holder = std::get<std::string>(cells[0]);
  row.token = sql::integer(cells[1]);
  if (!std::holds_alternative<std::nullptr_t>(cells[2])) row.position = sql::integer(cells[2]);
  row.commits = sql::integer(cells[3]);
  row.tables = read_tables(std::get<std::string>(cells[4]), work_);
  return row;
}

// Two may do so at once, of whom one finds that it is there.
void Ledger::insert_missing(sql::Connection& connection) const {
  if (read(connection, false)) return;
  try {
    connection.execute(
        fmt::format("INSERT INTO {} (work, holder, token, row_position, commits, written, "
                    "written_by_table) VALUES (?, ?, ?, NULL, 0, 0, '[]')",
                    connection.quote(table_)),
        {work_, holder_, token_});
  } catch (const sql::Failure& failure) {
    if (failure.code() != sql::Code::Conflict) throw;
  }
}

void Ledger::lose(const std::string& how) const {
  throw Failure{MR_CONFLICT,
                fmt::format("ledger {}: this attempt has lost the work and writes nothing more: {} "
                            "(work {})",
                            table_.table, how, work_)};
}

}  // namespace millrace::sql_operators
