#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <millrace/sql/connection.hpp>

#include "tests/bench/task_rows.hpp"

namespace millrace::bench {

/// What a program for this purpose alone would do in the place of a task: it reads the same columns
/// of the same rows in the order of time, on one connection, and inserts the rows that have a label
/// into one table. Nothing is looked for in them. [one thread; all throw sql::Failure]
class BareTask {
 public:
  explicit BareTask(sql::Connection& connection) : connection_{connection} {}

  /// Returns how many rows it read.
  std::int64_t read(const TaskRows& rows);

  /// Gets the rows that a task has written to its tables into memory, and makes a table for them
  /// that is as these are.
  void learn(const std::vector<sql::TableName>& tables, std::string_view task, sql::TableName into);
  /// Inserts them there, those of a block in each transaction, and returns how many they were.
  std::int64_t insert();

 private:
  static constexpr std::int64_t kBlockRows = 16'384;

  sql::Connection& connection_;
  sql::TableName into_;
  std::vector<sql::Block> labelled_;
};

}  // namespace millrace::bench
