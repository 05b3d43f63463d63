#pragma once

#include <cstdint>
#include <string>

#include <millrace/sql/connection.hpp>

namespace millrace::bench {

/// The rows that a task reads.
struct TaskRows {
  sql::TableName table;
  std::string column;    // that labels are given by
  std::string from, to;  // days, "2020-01-01", the second behind the last
  std::int64_t rows = 0;

  /// Looks at the table: its first and its last day, and the rows that have author, source and
  /// column. Throws std::runtime_error where there are none.
  static TaskRows find(sql::Connection& connection, sql::TableName table, std::string column);
};

/// Makes a table of so many rows of the audience workload, with an index on their time; their
/// contents are empty unless they are wanted. Nothing where it is there and has as many; throws
/// std::runtime_error where it has others.
void make_task_table(sql::Connection& connection, const sql::TableName& table, std::uint64_t rows,
                     bool has_content);

/// A schema that is made, and dropped with the object.
class TaskSchema {
 public:
  /// The connection outlives it.
  TaskSchema(sql::Connection& connection, std::string name);
  ~TaskSchema();
  TaskSchema(const TaskSchema&) = delete;
  TaskSchema& operator=(const TaskSchema&) = delete;

  [[nodiscard]] const std::string& name() const { return name_; }
  /// Drops the tables of results but one. What tells of tasks stays.
  void drop_results(const std::string& kept = {});

 private:
  sql::Connection& connection_;
  const std::string name_;
};

}  // namespace millrace::bench
