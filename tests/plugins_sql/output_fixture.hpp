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

#include <sys/types.h>

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
  /// MariaDB: waits until a session of the schema, besides ours, is at what the condition says.
  void wait_for_session(const std::string& condition) const;

  millrace::test::SqlPlace place;
  std::unique_ptr<millrace::sql::Connection> connection;
};

/// Parameters with which each window is in the open transaction as soon as it comes.
inline constexpr const char* kHeldOpen = R"({"window": "window", "transaction_bytes": 1})";

/// A process that is frozen by its own hand within a transaction, with rows of the first window
/// committed and one of the second written, and that tries to go on when it is thawed.
class FrozenWriter {
 public:
  /// The text of a third row, which it writes when it is thawed, may be long; `params` are such
  /// that the transaction is open by then.
  FrozenWriter(const OutputPlace& place, std::chrono::milliseconds lease,
               const std::string& params = kHeldOpen, std::size_t late_bytes = 4);
  ~FrozenWriter();
  FrozenWriter(const FrozenWriter&) = delete;
  FrozenWriter& operator=(const FrozenWriter&) = delete;

  void freeze() const;
  void thaw() const;
  /// Thaws it, and returns whether all that it tried then was refused.
  bool is_refused();

 private:
  pid_t process_ = -1;
};

/// Rows with the columns window, name, table, born (a time that goes with the window) and score.
millrace::Batch people(const std::vector<Person>& rows);

using Names = std::vector<std::string>;

}  // namespace plugins_sql
