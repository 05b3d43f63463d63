#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <millrace/sql/connection.hpp>
#include <millrace/testing.hpp>

#include "tests/sql/place.hpp"

namespace plugins_sql {

/// Which attempt of which job a harness is.
struct Attempt {
  std::string job = "1";
  std::int64_t token = 1;  // 0: an inline run
  std::chrono::milliseconds lease{0};
};

struct Person {
  std::int64_t window = 0;
  std::string name;
  std::string table = "people";
};

/// A database that output.sql writes to.
class OutputPlace {
 public:
  explicit OutputPlace(millrace::sql::Dialect dialect)
      : place{dialect}, connection{place.connect()} {}

  /// The operator with `more` over the parameters that make and fill tables of people, one
  /// transaction for each batch: {"window": "window", "mode": "update"}; null takes one away.
  [[nodiscard]] millrace::testing::OperatorHarness harness(std::string_view more = "{}",
                                                           const Attempt& attempt = {}) const;
  /// Names in a table, in the order of their bytes.
  [[nodiscard]] std::vector<std::string> names(const std::string& table = "people") const;
  /// The first row of a query, as texts.
  [[nodiscard]] std::vector<std::string> row(const std::string& query) const;

  millrace::test::SqlPlace place;
  std::unique_ptr<millrace::sql::Connection> connection;
};

/// Rows with the columns window, name, table, born (a time that goes with the window) and score.
millrace::Batch people(const std::vector<Person>& rows);

using Names = std::vector<std::string>;

}  // namespace plugins_sql
