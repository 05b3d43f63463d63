#include "tests/bench/task_rows.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <exception>
#include <optional>
#include <stdexcept>
#include <utility>
#include <variant>

#include "tools/audience_workload/rows.hpp"

#include <fmt/format.h>

namespace millrace::bench {

namespace {

std::int64_t count_rows(sql::Connection& connection, const std::string& name) {
  return sql::integer(connection.query("SELECT COUNT(*) FROM " + name).rows.at(0).at(0));
}

void append_row(sql::Block& block, const workload::Row& row) {
  const std::array<std::optional<std::string_view>, 7> cells{
      row.id, row.s_id, row.s_area_id, row.author, row.title, row.content, row.post_time};
  for (std::size_t column = 0; column < cells.size(); ++column) {
    cells[column] ? block.columns[column].append(*cells[column])
                  : block.columns[column].append_null();
  }
}

}  // namespace

TaskRows TaskRows::find(sql::Connection& connection, sql::TableName table, std::string column) {
  const auto found = connection.query(
      fmt::format("SELECT COUNT(*), CAST(DATE(MIN(post_time)) AS CHAR), CAST(DATE(MAX(post_time)) "
                  "+ INTERVAL 1 DAY AS CHAR) FROM {} WHERE author IS NOT NULL AND s_id IS NOT NULL "
                  "AND {} IS NOT NULL",
                  connection.quote(table), connection.quote(column)));
  const auto& cells = found.rows.at(0);
  if (sql::integer(cells[0]) == 0)
    throw std::runtime_error{"table " + table.table + " has no row that a task could label"};
  return {std::move(table), std::move(column), std::get<std::string>(cells[1]),
          std::get<std::string>(cells[2]), sql::integer(cells[0])};
}

void make_task_table(sql::Connection& connection, const sql::TableName& table, std::uint64_t rows,
                     bool has_content) {
  const auto name = connection.quote(table);
  connection.run("CREATE TABLE IF NOT EXISTS " + name +
                 " (id VARCHAR(32) PRIMARY KEY, s_id VARCHAR(20), s_area_id VARCHAR(100), author "
                 "VARCHAR(200), title TEXT, content LONGTEXT, post_time DATETIME, KEY (post_time)) "
                 "ENGINE=InnoDB CHARACTER SET utf8mb4");
  const auto there = count_rows(connection, name);
  if (there == static_cast<std::int64_t>(rows)) return;
  if (there != 0) {
    throw std::runtime_error{
        fmt::format("table {} has {} rows and not {}: leave --rows out, or name another table",
                    table.table, there, rows)};
  }
  constexpr std::uint64_t kBlockRows = 8'192;
  const workload::RowSet set{.rows = rows,
                             .start = std::chrono::year{2020} / 1 / 1,
                             .days = workload::usual_days(rows),
                             .has_content = has_content};
  const sql::Target target{table,
                           {"id", "s_id", "s_area_id", "author", "title", "content", "post_time"}};
  sql::Block block;
  for (const auto& column : target.columns) block.columns.push_back({.name = column});
  for (std::uint64_t next = 0; next < rows;) {
    block.clear();
    for (const auto end = std::min(rows, next + kBlockRows); next < end; ++next)
      append_row(block, workload::make_row(set, next));
    connection.insert_rows(target, block);
  }
  connection.query("ANALYZE TABLE " + name);
}

TaskSchema::TaskSchema(sql::Connection& connection, std::string name)
    : connection_{connection}, name_{std::move(name)} {
  connection_.run("CREATE DATABASE " + connection_.quote(name_) +
                  " CHARACTER SET utf8mb4 COLLATE utf8mb4_bin");
}

TaskSchema::~TaskSchema() {
  try {
    connection_.run("DROP DATABASE " + connection_.quote(name_));
  } catch (const std::exception& failure) {
    fmt::print(stderr, "schema {} is left: {}\n", name_, failure.what());
  }
}

void TaskSchema::drop_results(const std::string& kept) {
  const auto tables = connection_.query(
      "SELECT table_name FROM information_schema.tables WHERE table_schema = ? AND table_name NOT "
      "IN ('state', 'millrace_ledger', ?)",
      {name_, kept});
  for (const auto& row : tables.rows) {
    connection_.run("DROP TABLE " +
                    connection_.quote(sql::TableName{name_, std::get<std::string>(row.at(0))}));
  }
}

}  // namespace millrace::bench
