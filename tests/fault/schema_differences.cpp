#include "tests/fault/schema_differences.hpp"

#include <chrono>
#include <memory>
#include <numeric>
#include <optional>
#include <set>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace millrace::test {

namespace {

constexpr std::size_t kMostTold = 10;

// Null comes first, as databases have it.
using ComparedRow = std::vector<std::optional<std::string>>;

std::optional<std::string> value_at(const sql::Column& column, std::int64_t row) {
  if (column.is_null(row)) return std::nullopt;
  if (column.type == sql::Type::Integer) return std::to_string(column.integer(row));
  if (column.type == sql::Type::Real) return fmt::format("{}", column.real(row));
  return std::string{column.text(row)};
}

std::string spell(const ComparedRow& row) {
  std::string text;
  for (const auto& value : row) text += (text.empty() ? "" : " | ") + value.value_or("NULL");
  return text;
}

std::set<std::string> tables_of(sql::Connection& connection) {
  std::set<std::string> tables;
  for (const auto& row : connection.query("SHOW TABLES").rows)
    tables.insert(std::get<std::string>(row[0]));
  return tables;
}

// A work of the ledger ends in the number of the job, which both runs count alike, or the task's
// id, and in the node; its holder is told by these two.
std::vector<std::string> compared_columns(sql::Connection& connection, const std::string& table) {
  if (table == "millrace_ledger") {
    return {"REPLACE(SUBSTRING_INDEX(work, '/', -2), (SELECT task_id FROM state), 'task')",
            "SUBSTRING_INDEX(holder, '/', -2)", "row_position", "written", "written_by_table"};
  }
  std::set<std::string> others{"task_id"};
  if (table == "state") others.insert({"create_time", "run_time"});
  std::vector<std::string> columns;
  for (const auto& column : connection.describe({{}, table}).columns) {
    if (!others.contains(column.name)) columns.push_back(connection.quote(column.name));
  }
  return columns;
}

// The rows of a table one after the other.
class SortedRows {
 public:
  SortedRows(const sql::Settings& database, const std::string& table)
      : connection_{sql::connect(database)} {
    const auto columns = compared_columns(*connection_, table);
    std::vector<std::size_t> places(columns.size());
    std::iota(places.begin(), places.end(), std::size_t{1});
    reader_ =
        connection_->stream(fmt::format("SELECT {} FROM {} ORDER BY {}", fmt::join(columns, ", "),
                                        connection_->quote(table), fmt::join(places, ", ")));
    next();
  }

  [[nodiscard]] const std::optional<ComparedRow>& row() const { return row_; }
  void next() {
    constexpr std::int64_t kRows = 4'096;
    if (++place_ >= block_.rows()) {
      place_ = 0;
      if (!reader_->read(block_, kRows)) return row_.reset();
    }
    row_.emplace();
    for (const auto& column : block_.columns) row_->push_back(value_at(column, place_));
  }

 private:
  std::unique_ptr<sql::Connection> connection_;
  std::unique_ptr<sql::Reader> reader_;
  sql::Block block_;
  std::int64_t place_ = 0;
  std::optional<ComparedRow> row_;
};

void tell(SchemaDifferences& differences, std::string text) {
  ++differences.apart;
  if (differences.first.size() < kMostTold) differences.first.push_back(std::move(text));
}

void compare_table(SchemaDifferences& differences, const sql::Settings& wanted_in,
                   const sql::Settings& found_in, const std::string& table) {
  SortedRows wanted{wanted_in, table};
  SortedRows found{found_in, table};
  while (wanted.row() || found.row()) {
    if (wanted.row() == found.row()) {
      ++differences.rows;
      wanted.next();
      found.next();
    } else if (!found.row() || (wanted.row() && *wanted.row() < *found.row())) {
      tell(differences, fmt::format("{}: missing: {}", table, spell(*wanted.row())));
      wanted.next();
    } else {
      tell(differences, fmt::format("{}: too much: {}", table, spell(*found.row())));
      found.next();
    }
  }
}

}  // namespace

SchemaDifferences compare_schemas(const sql::Settings& wanted, const sql::Settings& found) {
  constexpr std::chrono::minutes kSorting{10};
  SchemaDifferences differences;
  auto wanted_in = wanted, found_in = found;
  for (auto* settings : {&wanted_in, &found_in}) settings->read_timeout = kSorting;
  const auto wanted_tables = tables_of(*sql::connect(wanted_in));
  const auto found_tables = tables_of(*sql::connect(found_in));
  for (const auto& table : wanted_tables) {
    if (!found_tables.contains(table)) {
      tell(differences, "no table " + table);
    } else {
      compare_table(differences, wanted_in, found_in, table);
    }
  }
  for (const auto& table : found_tables) {
    if (!wanted_tables.contains(table)) tell(differences, "a table too much: " + table);
  }
  return differences;
}

}  // namespace millrace::test
