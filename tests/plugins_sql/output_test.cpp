// What output.sql writes, and when it is seen.
#include <catch2/catch.hpp>

#include "plugins/sql/pending_rows.hpp"
#include "plugins/sql/wall_time.hpp"
#include "tests/plugins_sql/output_fixture.hpp"

namespace sql = millrace::sql;
using millrace::sql::Dialect;
using millrace::sql_operators::kHour;
using millrace::sql_operators::PendingRows;
using plugins_sql::Names;
using plugins_sql::OutputPlace;
using plugins_sql::people;
using plugins_sql::Person;

namespace {

constexpr const char* kWholeWindows = R"({"window": "window"})";
constexpr const char* kTableByColumn =
    R"({"table": null, "table_column": "table", "window": "window"})";

}  // namespace

TEST_CASE("rows come into a table that is made for them, with their times", "[sql][output]") {
  const OutputPlace place{GENERATE(Dialect::Sqlite, Dialect::MySql)};
  auto harness = place.harness();
  REQUIRE(harness.push(people({{0, "Ada"}, {1'600'000'000, "O'Neil\\ \xF0\x9F\x98\x80"}})).ok());
  REQUIRE(harness.finish().ok());
  CHECK(place.row("SELECT task, name, score FROM people WHERE name LIKE 'O%'") ==
        Names{"t1", "O'Neil\\ \xF0\x9F\x98\x80", "800000000"});
  CHECK(place.row("SELECT born FROM people WHERE name LIKE 'O%'") == Names{"2020-09-13 12:26:40"});
  CHECK(harness.counts().at("written") == 2);
  CHECK(harness.column<std::string>("table") == Names{"people"});
  CHECK(harness.column<std::int64_t>("rows") == std::vector<std::int64_t>{2});
}

TEST_CASE("rows of a window are seen when the next one begins, all at once", "[sql][output]") {
  const OutputPlace place{GENERATE(Dialect::Sqlite, Dialect::MySql)};
  auto harness = place.harness(kWholeWindows);
  REQUIRE(harness.push(people({{10, "a"}, {10, "b"}})).ok());
  CHECK(place.names().empty());
  REQUIRE(harness.push(people({{10, "c"}})).ok());
  CHECK(place.names().empty());
  REQUIRE(harness.push(people({{20, "d"}, {30, "e"}, {40, "f"}})).ok());
  CHECK(place.names() == Names{"a", "b", "c", "d", "e"});
  CHECK(place.row("SELECT row_position, commits, written FROM millrace_ledger") ==
        Names{"30", "1", "5"});
  REQUIRE(harness.finish().ok());
  CHECK(place.names() == Names{"a", "b", "c", "d", "e", "f"});
}

TEST_CASE("rows wait in memory until time is over or there are many", "[sql][output]") {
  const OutputPlace place{GENERATE(Dialect::Sqlite, Dialect::MySql)};
  auto harness =
      place.harness(R"({"window": "window", "transaction_s": 3600, "transaction_bytes": 2000})");
  REQUIRE(harness.push(people({{1, "a"}, {2, "b"}, {3, "c"}})).ok());
  CHECK(place.names().empty());
  REQUIRE(harness.push(people({{3, std::string(200, 'd')}, {4, "e"}})).ok());
  CHECK(place.names().empty());
  std::vector<Person> many(40, {5, "f"});
  many.push_back({6, "g"});
  REQUIRE(harness.push(people(many)).ok());
  CHECK(place.names().size() == 45);
  REQUIRE(harness.push(people({{7, "h"}})).ok());
  CHECK(place.names().size() == 45);
  // What a checkpoint does not speak of is in its table.
  CHECK_FALSE(harness.snapshot().empty());
  CHECK(place.names().size() == 46);
  CHECK(place.row("SELECT row_position, commits FROM millrace_ledger") == Names{"6", "2"});
}

TEST_CASE("each row goes to the table that a column names", "[sql][output]") {
  const OutputPlace place{GENERATE(Dialect::Sqlite, Dialect::MySql)};
  auto harness = place.harness(kTableByColumn);
  REQUIRE(harness.push(people({{1, "a", "x`\"y"}, {1, "b", "Ptt"}, {1, "c", "x`\"y"}})).ok());
  REQUIRE(harness.push(people({{2, "d", "later"}, {3, "e", "Ptt"}})).ok());
  REQUIRE(harness.finish().ok());
  CHECK(place.names("x`\"y") == Names{"a", "c"});
  CHECK(place.names("Ptt") == Names{"b", "e"});
  CHECK(place.names("later") == Names{"d"});
  CHECK(harness.column<std::string>("table") == Names{"x`\"y", "Ptt", "later"});
  CHECK(harness.column<std::int64_t>("rows") == std::vector<std::int64_t>{2, 2, 1});
}

TEST_CASE("a column names as many tables as one job may write", "[sql][output][limits]") {
  const OutputPlace place{Dialect::Sqlite};
  auto harness = place.harness(kTableByColumn);
  std::vector<Person> rows;
  for (std::size_t i = 0; i < PendingRows::kMostTables; ++i)
    rows.push_back({1, "a", "table" + std::to_string(i)});
  REQUIRE(harness.push(people(rows)).ok());
  REQUIRE(harness.push(people({{1, "a", "one more"}})).ok());
  const auto refused = harness.push(people({{2, "the window is over", "table0"}}));
  CHECK(refused.code() == MR_EXHAUSTED);
  CHECK_THAT(refused.message(), Catch::Contains("column table names more than 256 tables"));
}

TEST_CASE("a window of more than is to wait in memory is one transaction all the same",
          "[sql][output]") {
  const OutputPlace place{GENERATE(Dialect::Sqlite, Dialect::MySql)};
  auto harness = place.harness(
      R"({"table": null, "table_column": "table", "window": "window", "transaction_bytes": 1})");
  REQUIRE(harness.push(people({{1, "a"}, {2, "b"}, {2, "c"}})).ok());
  CHECK(place.names() == Names{"a"});
  // A table that is new amid the transaction does not end it.
  REQUIRE(harness.push(people({{2, "d", "second"}, {2, "e"}})).ok());
  CHECK(place.names() == Names{"a"});
  CHECK_THROWS_WITH(harness.snapshot(), Catch::Contains("transaction_bytes"));
  REQUIRE(harness.push(people({{2, "f"}, {3, "g"}})).ok());
  CHECK(place.names() == Names{"a", "b", "c", "e", "f"});
  CHECK(place.names("second") == Names{"d"});
  CHECK(place.row("SELECT row_position, commits FROM millrace_ledger") == Names{"2", "2"});
  REQUIRE(harness.finish().ok());
  CHECK(place.names() == Names{"a", "b", "c", "e", "f", "g"});
}

TEST_CASE("rows replace those of their key in one transaction", "[sql][output]") {
  const OutputPlace place{GENERATE(Dialect::Sqlite, Dialect::MySql)};
  {
    auto other = place.harness(R"({"constants": {"task": "t2"}})");
    REQUIRE(other.push(people({{1, "other"}})).ok());
    REQUIRE(other.finish().ok());
  }
  constexpr const char* kReplace =
      R"({"mode": "replace", "key": ["task"], "transaction_bytes": 50})";
  for (const bool is_empty : {false, true, false}) {
    const auto before = place.names();
    auto harness = place.harness(kReplace);
    CHECK(harness.snapshot().empty());
    if (!is_empty) {
      REQUIRE(harness.push(people({{1, "new"}, {1, "newer"}})).ok());
      REQUIRE(harness.push(people({{1, "newest"}})).ok());
      CHECK(place.names() == before);
      CHECK_THROWS_WITH(harness.snapshot(), Catch::Contains("one transaction"));
    }
    REQUIRE(harness.finish().ok());
    CHECK(place.names() == (is_empty ? Names{"other"} : Names{"new", "newer", "newest", "other"}));
    CHECK(harness.counts().count("written") == (is_empty ? 0U : 1U));
  }
}

TEST_CASE("rows change those of their key", "[sql][output]") {
  const OutputPlace place{GENERATE(Dialect::Sqlite, Dialect::MySql)};
  {
    auto first = place.harness();
    REQUIRE(first.push(people({{1, "a"}, {1, "b"}})).ok());
    REQUIRE(first.finish().ok());
  }
  auto harness = place.harness(
      R"({"mode": "update", "key": ["name", "task"], "columns": {"name": "name", "score": "score", "born": null}})",
      {.job = "2"});
  REQUIRE(harness.push(people({{8, "b"}, {9, "nobody"}})).ok());
  REQUIRE(harness.finish().ok());
  CHECK(place.row("SELECT score FROM people WHERE name = 'b'") == Names{"4"});
  CHECK(place.row("SELECT score FROM people WHERE name = 'a'") == Names{"0.5"});
  CHECK(place.names() == Names{"a", "b"});
}

TEST_CASE("an inline run is one transaction, and has no ledger", "[sql][output]") {
  const OutputPlace place{GENERATE(Dialect::Sqlite, Dialect::MySql)};
  auto harness = place.harness(R"({"transaction_bytes": 50})", {.token = 0});
  REQUIRE(harness.push(people({{1, "a"}, {1, "b"}})).ok());
  REQUIRE(harness.push(people({{1, "c"}})).ok());
  CHECK(place.names().empty());
  REQUIRE(harness.finish().ok());
  CHECK(place.names() == Names{"a", "b", "c"});
  CHECK_THROWS_AS(place.row("SELECT * FROM millrace_ledger"), sql::Failure);
}

TEST_CASE("without rows there is a table, and nothing in it", "[sql][output]") {
  const OutputPlace place{GENERATE(Dialect::Sqlite, Dialect::MySql)};
  auto harness = place.harness(kWholeWindows);
  REQUIRE(harness.finish().ok());
  CHECK(place.names().empty());
  CHECK(harness.rows() == 0);
}

TEST_CASE("a guard is told how far the rows are, and stops a run that it does not want",
          "[sql][output]") {
  const OutputPlace place{GENERATE(Dialect::Sqlite, Dialect::MySql)};
  place.connection->run(
      "CREATE TABLE state (id VARCHAR(10) PRIMARY KEY, stat VARCHAR(10), result VARCHAR(50), done "
      "VARCHAR(30))");
  place.connection->run("INSERT INTO state VALUES ('t1', NULL, '', NULL), ('t2', 'x', '', NULL)");
  constexpr const char* kGuarded =
      R"({"table": null, "table_column": "table", "window": "window", "guard": {"table": "state",
          "key": {"id": "t1"}, "unless": {"stat": "BREAK"},
          "set": {"result": {"from": "tables"}, "done": {"from": "time"}}}})";
  auto harness = place.harness(kGuarded);
  std::string asked;
  harness.answer_catalog([&asked](std::string_view change) {
    asked = change;
    return millrace::Batch{};
  });
  REQUIRE(harness.push(people({{kHour, "a", "x"}, {2 * kHour, "b", "y"}})).ok());
  CHECK(place.row("SELECT result, done FROM state WHERE id = 't1'") ==
        Names{"x", "1970-01-01 01:00:00"});
  CHECK(place.row("SELECT result FROM state WHERE id = 't2'") == Names{""});
  SECTION("that goes on") {
    REQUIRE(harness.finish().ok());
    CHECK(place.row("SELECT result FROM state WHERE id = 't1'") == Names{"x,y"});
  }
  SECTION("that says no") {
    place.connection->run("UPDATE state SET stat = 'BREAK' WHERE id = 't1'");
    const auto ended = harness.finish();
    CHECK(ended.code() == MR_CANCELLED);
    CHECK_THAT(ended.message(), Catch::Contains("state"));
    CHECK_THAT(asked, Catch::Contains(R"("action":"abort")") && Catch::Contains(R"("id":1)"));
    CHECK(place.names("x") == Names{"a"});
    CHECK(place.names("y").empty());
    CHECK(place.row("SELECT result, stat FROM state WHERE id = 't1'") == Names{"x", "BREAK"});
    CHECK(place.row("SELECT row_position, written FROM millrace_ledger") ==
          Names{"3600000000", "1"});
  }
  SECTION("that is gone") {
    place.connection->run("DELETE FROM state WHERE id = 't1'");
    CHECK(harness.finish().code() == MR_CANCELLED);
    CHECK(place.names("y").empty());
  }
}

TEST_CASE("a guard is asked before the row that it looks at is updated itself", "[sql][output]") {
  const OutputPlace place{GENERATE(Dialect::Sqlite, Dialect::MySql)};
  place.connection->run("CREATE TABLE state (id VARCHAR(10) PRIMARY KEY, stat VARCHAR(10))");
  const std::string stat = GENERATE("PENDING", "BREAK");
  place.connection->execute("INSERT INTO state VALUES ('t1', ?)", {stat});
  auto harness = place.harness(
      R"({"table": "state", "mode": "update", "key": ["id"], "create": null,
          "columns": {"stat": "name", "name": null, "born": null, "score": null},
          "constants": {"id": "t1", "task": null},
          "guard": {"table": "state", "key": {"id": "t1"}, "unless": {"stat": "BREAK"}}})");
  harness.answer_catalog([](std::string_view) { return millrace::Batch{}; });
  const auto pushed = harness.push(people({{1, "DONE"}}));
  const auto ended = pushed.ok() ? harness.finish() : pushed;
  CHECK(ended.code() == (stat == "BREAK" ? MR_CANCELLED : MR_OK));
  CHECK(place.row("SELECT stat FROM state") == Names{stat == "BREAK" ? "BREAK" : "DONE"});
}

TEST_CASE("times are written as databases write them", "[sql][output]") {
  using millrace::sql_operators::time_text;
  CHECK(time_text(0) == "1970-01-01 00:00:00");
  CHECK(time_text(-1) == "1969-12-31 23:59:59.999999");
  CHECK(time_text(951'782'400'500'000) == "2000-02-29 00:00:00.500000");
  CHECK(time_text(253'402'300'799'000'000) == "9999-12-31 23:59:59");
  CHECK_THROWS_AS(time_text(253'402'300'800'000'000), millrace::Failure);
  CHECK(time_text(-62'167'219'200'000'000) == "0000-01-01 00:00:00");
  CHECK_THROWS_AS(time_text(-62'167'219'200'000'001), millrace::Failure);
  CHECK_THROWS_AS(time_text(INT64_MAX), millrace::Failure);
  CHECK_THROWS_AS(time_text(INT64_MIN), millrace::Failure);
}
