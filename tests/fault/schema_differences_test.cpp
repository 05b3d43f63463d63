#include "tests/fault/schema_differences.hpp"

#include <string>

#include <catch2/catch.hpp>

#include "tests/fixtures/mariadb.hpp"

using namespace millrace;
using namespace millrace::test;

namespace {

// A schema with the state and the ledger of a task, and a table with rows of it.
sql::Settings make_outcome(const std::string& task, const std::string& rows) {
  const auto at = MariaDb::shared().fresh_schema();
  const auto connection = sql::connect(at);
  connection->run(
      "CREATE TABLE state (task_id VARCHAR(32), stat VARCHAR(32), create_time DATETIME, run_time "
      "FLOAT)");
  connection->execute("INSERT INTO state VALUES (?, 'SUCCESS', NOW(), RAND())", {task});
  connection->run(
      "CREATE TABLE millrace_ledger (work VARCHAR(190), holder VARCHAR(190), token BIGINT, "
      "row_position BIGINT, commits BIGINT, written BIGINT, written_by_table LONGTEXT)");
  connection->execute(
      "INSERT INTO millrace_ledger VALUES (?, ?, ?, 7, ?, 3, '[]')",
      {task + "/written", task.substr(0, 1) + "/2/written", std::int64_t{1}, std::int64_t{9}});
  connection->run("CREATE TABLE fbfans (id VARCHAR(32), task_id VARCHAR(32), panel VARCHAR(200))");
  connection->run("INSERT INTO fbfans (id, panel, task_id) VALUES " + rows);
  connection->execute("UPDATE fbfans SET task_id = ?", {task});
  return at;
}

std::int64_t apart(const sql::Settings& one, const sql::Settings& other) {
  const auto there = compare_schemas(one, other).apart;
  CHECK(compare_schemas(other, one).apart == there);
  return there;
}

}  // namespace

TEST_CASE("what two tasks have left is told apart row by row", "[fault][label_kills]") {
  const auto one =
      make_outcome("task-a", "('1', '/male', ''), ('2', '/male', ''), ('2', '/young', '')");
  const auto other =
      make_outcome("task-b", "('2', '/young', ''), ('1', '/male', ''), ('2', '/male', '')");
  const auto change = [&](const std::string& statement) { sql::connect(other)->run(statement); };
  CHECK(apart(one, other) == 0);
  CHECK(compare_schemas(one, other).rows == 5);
  SECTION("a row that is missing") {
    change("DELETE FROM fbfans WHERE id = '1'");
    CHECK(apart(one, other) == 1);
    CHECK(compare_schemas(one, other).first.at(0) == "fbfans: missing: 1 | /male");
  }
  SECTION("a row that is there twice") {
    change("INSERT INTO fbfans SELECT * FROM fbfans WHERE id = '1'");
    CHECK(apart(one, other) == 1);
    CHECK(compare_schemas(one, other).first.at(0) == "fbfans: too much: 1 | /male");
  }
  SECTION("a value, also null") {
    change("UPDATE fbfans SET panel = NULL WHERE panel = '/young'");
    CHECK(apart(one, other) == 2);
  }
  SECTION("a counter of the state, a position of the ledger, and a table") {
    change("UPDATE state SET stat = 'FAILURE'");
    CHECK(apart(one, other) == 2);
    change("UPDATE millrace_ledger SET row_position = 8");
    CHECK(apart(one, other) == 4);
    change("CREATE TABLE stray (id INT)");
    CHECK(apart(one, other) == 5);
  }
}
