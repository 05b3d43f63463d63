#include "tests/bench/bare_task.hpp"

#include <utility>

#include <fmt/format.h>

namespace millrace::bench {

namespace {

constexpr std::string_view kTime = "post_time";

// So that the server need not sort all rows, which it takes for cheaper.
std::string index_hint(sql::Connection& connection, const sql::TableName& table) {
  for (const auto& index : connection.describe(table).indexes) {
    if (!index.columns.empty() && index.columns.front() == kTime)
      return " FORCE INDEX (" + connection.quote(index.name) + ")";
  }
  return {};
}

}  // namespace

std::int64_t BareTask::read(const TaskRows& rows) {
  constexpr std::size_t kBlockBytes = std::size_t{4} << 20;
  const std::string more = rows.column == "author" ? "" : ", " + connection_.quote(rows.column);
  const auto reader = connection_.stream(
      fmt::format("SELECT id, s_id, author, {0}{1} FROM {2}{3} WHERE {0} >= ? AND {0} < ? AND "
                  "author IS NOT NULL AND s_id IS NOT NULL AND {4} IS NOT NULL ORDER BY {0}",
                  kTime, more, connection_.quote(rows.table), index_hint(connection_, rows.table),
                  connection_.quote(rows.column)),
      {rows.from, rows.to});
  sql::Block block;
  std::int64_t read = 0;
  while (reader->read(block, kBlockRows, kBlockBytes)) read += block.rows();
  return read;
}

void BareTask::learn(const std::vector<sql::TableName>& tables, std::string_view task,
                     sql::TableName into) {
  labelled_.clear();
  into_ = std::move(into);
  connection_.run("CREATE TABLE " + connection_.quote(into_) + " LIKE " +
                  connection_.quote(tables.at(0)));
  for (const auto& table : tables) {
    const auto reader = connection_.stream(
        fmt::format("SELECT id, task_id, source_author, panel, create_time, field_content, "
                    "match_content FROM {} WHERE task_id = ?",
                    connection_.quote(table)),
        {std::string{task}});
    for (sql::Block block; reader->read(block, kBlockRows); block = {})
      labelled_.push_back(std::move(block));
  }
}

std::int64_t BareTask::insert() {
  std::int64_t inserted = 0;
  for (const auto& block : labelled_) {
    sql::Target target{into_, {}};
    for (const auto& column : block.columns) target.columns.push_back(column.name);
    connection_.begin();
    connection_.insert_rows(target, block);
    connection_.commit();
    inserted += block.rows();
  }
  return inserted;
}

}  // namespace millrace::bench
