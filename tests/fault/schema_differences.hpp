#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <millrace/sql/connection.hpp>

namespace millrace::test {

/// What two schemas, each with one audience task, have that the other has not.
struct SchemaDifferences {
  std::int64_t rows = 0;           // that are in both
  std::int64_t apart = 0;          // tables and rows that are in one of them
  std::vector<std::string> first;  // the first of these, for people
};

/// Compares all tables of two schemas row by row, in sorted order and with little memory. What may
/// differ between two runs is left out: the task's id, times of the clock, how often an attempt was
/// made and how many transactions it took.
SchemaDifferences compare_schemas(const sql::Settings& wanted, const sql::Settings& found);

}  // namespace millrace::test
