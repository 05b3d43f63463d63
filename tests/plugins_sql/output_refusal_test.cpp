// What output.sql refuses before it writes a row.
#include <catch2/catch.hpp>

#include "tests/plugins_sql/output_fixture.hpp"

#include <fmt/format.h>

namespace sql = millrace::sql;
using millrace::sql::Dialect;
using millrace::test::MariaDb;
using plugins_sql::Names;
using plugins_sql::OutputPlace;
using plugins_sql::people;

namespace {

// What pushing a row came to.
millrace::testing::Status push_to(const OutputPlace& place, std::string_view params = "{}") {
  auto harness = place.harness(params);
  const auto status = harness.push(people({{1, "a"}}));
  // What was refused is not done at the end in spite of it.
  CHECK(harness.finish().ok() == status.ok());
  return status;
}

}  // namespace

TEST_CASE("tables that cannot undo a transaction are refused by name", "[sql][output][refusal]") {
  const OutputPlace place{Dialect::MySql};
  const auto* engine = GENERATE("MyISAM", "Aria", "MEMORY", "CSV");
  place.connection->run(
      fmt::format("CREATE TABLE people (task VARCHAR(32) NOT NULL, name VARCHAR(200) NOT NULL, "
                  "born DATETIME NOT "
                  "NULL, score DOUBLE NOT NULL) ENGINE={}",
                  engine));
  const auto refused = push_to(place);
  CHECK(refused.code() == MR_INVALID_ARGUMENT);
  CHECK_THAT(refused.message(), Catch::Contains("people") && Catch::Contains(engine));
  CHECK(place.names().empty());
}

TEST_CASE("views, missing columns and missing tables are refused by name",
          "[sql][output][refusal]") {
  const OutputPlace place{GENERATE(Dialect::Sqlite, Dialect::MySql)};
  SECTION("a view") {
    place.connection->run("CREATE TABLE behind (task TEXT, name TEXT, born TEXT, score REAL)");
    place.connection->run("CREATE VIEW people AS SELECT * FROM behind");
    const auto refused = push_to(place);
    CHECK(refused.code() == MR_INVALID_ARGUMENT);
    CHECK_THAT(refused.message(), Catch::Contains("people is a view"));
  }
  SECTION("a table without a column") {
    place.connection->run("CREATE TABLE people (task TEXT, name TEXT, born TEXT)");
    const auto refused = push_to(place);
    CHECK(refused.code() == MR_NOT_FOUND);
    CHECK_THAT(refused.message(), Catch::Contains("score") && Catch::Contains("task, name, born"));
  }
  SECTION("no table") {
    const auto refused = push_to(place, R"({"create": null})");
    CHECK(refused.code() == MR_NOT_FOUND);
    CHECK_THAT(refused.message(), Catch::Contains("people") && Catch::Contains("create"));
  }
  SECTION("a ledger that is none") {
    place.connection->run("CREATE TABLE millrace_ledger (work TEXT)");
    const auto refused = push_to(place);
    CHECK(refused.code() == MR_INVALID_ARGUMENT);
    CHECK_THAT(refused.message(), Catch::Contains("millrace_ledger"));
  }
  SECTION("a guard without a column") {
    place.connection->run("CREATE TABLE state (id INTEGER)");
    const auto refused =
        push_to(place, R"({"guard": {"table": "state", "key": {"id": 1}, "unless": {"stat": 1}}})");
    CHECK(refused.code() == MR_NOT_FOUND);
    CHECK_THAT(refused.message(), Catch::Contains("stat"));
  }
  SECTION("a table that is none of those that were named") {
    auto harness =
        place.harness(R"({"table": null, "table_column": "table", "tables": ["other"]})");
    const auto refused = harness.push(people({{1, "a"}}));
    CHECK(refused.code() == MR_DATA_INVALID);
    CHECK_THAT(refused.message(), Catch::Contains("people"));
    CHECK(place.names("other").empty());
  }
}

TEST_CASE("missing rights are told before the first row", "[sql][output][refusal]") {
  OutputPlace place{Dialect::MySql};
  REQUIRE(place.harness().finish().ok());  // makes the tables
  const std::string schema = place.place.settings.address.schema;
  const auto user = "reader_" + schema;
  const auto administrator = MariaDb::shared().administrator();
  REQUIRE(administrator->run(fmt::format("CREATE USER '{}' IDENTIFIED BY 'pw'", user)).ok());
  REQUIRE(administrator->run(fmt::format("GRANT SELECT ON {}.* TO '{}'", schema, user)).ok());
  place.place.settings.address.user = user;
  place.place.settings.password = "pw";
  const auto refused = push_to(place);
  CHECK(refused.code() == MR_PERMISSION_DENIED);
  CHECK_THAT(refused.message(), Catch::Contains("people"));
  place.place.settings.password = "wrong";
  const auto unknown = push_to(place);
  CHECK(unknown.code() == MR_PERMISSION_DENIED);
  CHECK_THAT(unknown.message(), !Catch::Contains("wrong"));
}

TEST_CASE("the right to delete is asked for before the first row", "[sql][output][refusal]") {
  OutputPlace place{Dialect::MySql};
  REQUIRE(place.harness().finish().ok());  // makes the tables
  const std::string schema = place.place.settings.address.schema;
  const auto user = "writer_" + schema;
  const auto administrator = MariaDb::shared().administrator();
  REQUIRE(administrator->run(fmt::format("CREATE USER '{}' IDENTIFIED BY 'pw'", user)).ok());
  REQUIRE(administrator->run(fmt::format("GRANT SELECT, INSERT ON {}.people TO '{}'", schema, user))
              .ok());
  REQUIRE(administrator->run(fmt::format("GRANT ALL ON {}.millrace_ledger TO '{}'", schema, user))
              .ok());
  place.place.settings.address.user = user;
  place.place.settings.password = "pw";
  CHECK(push_to(place).ok());
  const auto refused = push_to(place, R"({"mode": "replace", "key": ["task"]})");
  CHECK(refused.code() == MR_PERMISSION_DENIED);
  CHECK_THAT(refused.message(), Catch::Contains("DELETE") && Catch::Contains("people"));
  CHECK(place.names() == Names{"a"});
}

TEST_CASE("a row that its table does not take fails with the table's name, and none is written",
          "[sql][output][refusal]") {
  const OutputPlace place{Dialect::MySql};
  auto harness = place.harness();
  const auto refused = harness.push(people({{1, "a"}, {1, std::string(201, 'x')}}));
  CHECK(refused.code() == MR_INVALID_ARGUMENT);
  CHECK_THAT(refused.message(), Catch::Contains("table people"));
  CHECK(place.names().empty());
}

TEST_CASE("parameters that contradict each other are faults", "[sql][output][refusal]") {
  const OutputPlace place{Dialect::Sqlite};
  struct Case {
    const char* params;
    const char* pointer;
  };
  const auto [params, pointer] = GENERATE(values<Case>({
      {R"({"table": null})", "/table"},
      {R"({"table_column": "table"})", "/table"},
      {R"({"tables": ["a"]})", "/tables"},
      {R"({"constants": {"name": "x"}})", "/constants/name"},
      {R"({"constants": {"task": []}})", "/constants/task"},
      {R"({"constants": {"a/b~c": 1}})", "/constants/a~1b~0c"},
      {R"({"key": ["task"]})", "/key"},
      {R"({"mode": "replace"})", "/key"},
      {R"({"mode": "replace", "key": ["name"]})", "/key"},
      {R"({"mode": "replace", "key": ["task"], "window": "window"})", "/window"},
      {R"({"mode": "update", "key": ["other"]})", "/key"},
      {R"({"mode": "update", "key": ["name", "born", "score", "task"]})", "/columns"},
      {R"({"create": {"columns": [{"name": "name", "type": "text"}]}})", "/columns/born"},
      {R"({"create": {"columns": [{"name": "name", "type": "text) ; DROP TABLE x"}]}})",
       "/create/columns/0/type"},
      {R"({"create": {"indexes": [["nothing"]]}})", "/create/indexes"},
      {R"({"create": {"columns": [{"name": "task", "type": "int", "auto_increment": true}, {"name": "name", "type": "text"},
          {"name": "born", "type": "datetime"}, {"name": "score", "type": "double"}], "key": ["task", "name"]}})",
       "/create/columns/0/auto_increment"},
      {R"({"create": {"columns": [{"name": "task", "type": "text", "auto_increment": true}, {"name": "name", "type": "text"},
          {"name": "born", "type": "datetime"}, {"name": "score", "type": "double"}], "key": ["task"]}})",
       "/create/columns/0/type"},
      {R"({"create": {"foreign_keys": [{"columns": ["nothing"], "table": "t", "references": ["id"]}]}})",
       "/create/foreign_keys/0/columns"},
      {R"({"create": {"foreign_keys": [{"columns": ["task", "name"], "table": "t", "references": ["id"]}]}})",
       "/create/foreign_keys/0/references"},
      {R"({"create": {"foreign_keys": [{"columns": ["task"], "table": "t", "references": ["id"], "on_delete": "drop"}]}})",
       "/create/foreign_keys/0/on_delete"},
      {R"({"guard": {"table": "state", "key": {}}})", "/guard/key"},
      {R"({"guard": {"table": "state", "key": {"id": []}}})", "/guard/key/id"},
      {R"({"guard": {"table": "state", "key": {"id": 1}, "set": {"a": {"from": "x"}}}})",
       "/guard/set/a"},
  }));
  INFO(params);
  const auto harness = place.harness(params);
  REQUIRE_FALSE(harness.faults().empty());
  CHECK(harness.faults().front().pointer == pointer);
}

TEST_CASE("what the rows must have is known before they come", "[sql][output][refusal]") {
  const OutputPlace place{Dialect::Sqlite};
  CHECK_THAT(place.harness(R"({"window": "window"})").traits(),
             Catch::Contains(R"("window":"int64|timestamp")"));
}
