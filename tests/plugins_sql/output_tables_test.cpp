// Which tables output.sql makes, and in which it replaces rows.
#include <catch2/catch.hpp>

#include "tests/plugins_sql/output_fixture.hpp"

#include <fmt/format.h>

using millrace::sql::Dialect;
using plugins_sql::Names;
using plugins_sql::OutputPlace;
using plugins_sql::people;
using plugins_sql::Person;

namespace {

constexpr const char* kReplaceNamed =
    R"({"mode": "replace", "key": ["task"], "table": null, "table_column": "table", "transaction_bytes": 50})";

// Writes rows in batches of one, so that each is sent by itself.
millrace::testing::Status replace_with(const OutputPlace& place, const std::vector<Person>& rows,
                                       const plugins_sql::Attempt& attempt = {}) {
  auto harness = place.harness(kReplaceNamed, attempt);
  for (const Person& row : rows) {
    if (auto pushed = harness.push(people({row})); !pushed.ok()) return pushed;
  }
  return harness.finish();
}

std::string table_of(const OutputPlace& place, const std::string& name) {
  return place.connection->quote(std::string_view{name});
}

}  // namespace

TEST_CASE("rows replace those of their key in the tables that they name", "[sql][output][tables]") {
  const OutputPlace place{GENERATE(Dialect::Sqlite, Dialect::MySql)};
  const std::string hostile = "x`; DELETE FROM other; -- \"";
  REQUIRE(replace_with(place, {{1, "a", "one"}, {1, "b", hostile}, {1, "c", "other"}}).ok());
  // Rows of another key stay.
  place.connection->run(fmt::format("UPDATE {} SET task = 't2'", table_of(place, hostile)));
  REQUIRE(replace_with(place, {{1, "d", "one"}, {1, "e", hostile}, {1, "f", "one"}}).ok());
  CHECK(place.names("one") == Names{"d", "f"});
  CHECK(place.names(hostile) == Names{"b", "e"});
  CHECK(place.names("other") == Names{"c"});
  SECTION("and what is replaced again is there once") {
    REQUIRE(replace_with(place, {{1, "d", "one"}, {1, "f", "one"}}, {.token = 2}).ok());
    CHECK(place.names("one") == Names{"d", "f"});
    CHECK(place.row("SELECT row_position, written FROM millrace_ledger") == Names{"null", "2"});
  }
  SECTION("and no row means no table") {
    REQUIRE(replace_with(place, {}).ok());
    CHECK(place.names("one") == Names{"d", "f"});
  }
  SECTION("and all stay where one cannot be written") {
    const auto refused = replace_with(
        place, {{1, "g", "one"}, {1, "h", "other"}, {1, std::string(201, 'x'), "one"}});
    if (place.place.is_mysql()) {
      CHECK(refused.code() == MR_INVALID_ARGUMENT);
      CHECK(place.names("one") == Names{"d", "f"});
      CHECK(place.names("other") == Names{"c"});
    }
  }
}

TEST_CASE("a table that is spelled in two ways is replaced once", "[sql][output][tables]") {
  const OutputPlace place{GENERATE(Dialect::Sqlite, Dialect::MySql)};
  REQUIRE(replace_with(place, {{1, "old", "Ptt"}}).ok());
  REQUIRE(replace_with(place, {{1, "a", "Ptt"}, {1, "b", "PTT"}, {1, "c", "ptt"}}).ok());
  if (place.place.is_mysql()) {  // where they are three
    CHECK(place.names("Ptt") == Names{"a"});
    CHECK(place.names("PTT") == Names{"b"});
  } else {
    CHECK(place.names("Ptt") == Names{"a", "b", "c"});
  }
}

TEST_CASE("a table is made whose ids count up by themselves", "[sql][output][tables]") {
  const OutputPlace place{GENERATE(Dialect::Sqlite, Dialect::MySql)};
  const auto* type = GENERATE("int", "INTEGER", "bigint unsigned", "Int(11)");
  auto harness = place.harness(fmt::format(
      R"json({{"constants": null, "columns": {{"name": "name", "born": null, "score": null}},
          "create": {{"columns": [{{"name": "id", "type": "{}", "auto_increment": true}},
            {{"name": "name", "type": "varchar(200)"}}], "key": ["id"], "indexes": [["name"]]}}}})json",
      type));
  REQUIRE(harness.faults().empty());
  REQUIRE(harness.push(people({{1, "a"}, {1, "b"}})).ok());
  REQUIRE(harness.push(people({{1, "c"}})).ok());
  REQUIRE(harness.finish().ok());
  CHECK(place.row("SELECT id FROM people WHERE name = 'a'") == Names{"1"});
  CHECK(place.row("SELECT id FROM people WHERE name = 'c'") == Names{"3"});
  // An id that was given is never given again.
  place.connection->run("DELETE FROM people WHERE name = 'c'");
  place.connection->run("INSERT INTO people (name) VALUES ('d')");
  CHECK(place.row("SELECT id FROM people WHERE name = 'd'") == Names{"4"});
}

TEST_CASE("rows go with the row that they refer to", "[sql][output][tables]") {
  const OutputPlace place{GENERATE(Dialect::Sqlite, Dialect::MySql)};
  place.connection->run(
      "CREATE TABLE model (job VARCHAR(32) NOT NULL, task VARCHAR(32) NOT NULL PRIMARY KEY)");
  place.connection->run("INSERT INTO model VALUES ('j1', 't1'), ('j2', 't2')");
  const std::string action = GENERATE("cascade", "set_null", "restrict", "");
  const std::string on_delete = action.empty() ? "" : R"(, "on_delete": ")" + action + '"';
  auto harness = place.harness(fmt::format(
      R"json({{"create": {{"columns": [{{"name": "task", "type": "varchar(32)"}}, {{"name": "name", "type": "varchar(200)"}},
            {{"name": "born", "type": "datetime"}}, {{"name": "score", "type": "double"}}], "indexes": null,
          "foreign_keys": [{{"columns": ["task"], "table": "model", "references": ["task"]{}}}]}}}})json",
      on_delete));
  REQUIRE(harness.faults().empty());
  REQUIRE(harness.push(people({{1, "a"}, {1, "b"}})).ok());
  REQUIRE(harness.finish().ok());
  // Another writer replaces the model, as it is prepared anew.
  auto models = place.harness(
      R"({"table": "model", "columns": {"task": "name", "born": null, "name": null, "score": null},
          "constants": {"task": null, "job": "j1"}, "mode": "replace", "key": ["job"], "create": null})",
      {.job = "2"});
  REQUIRE(models.push(people({{1, "t3"}})).ok());
  const auto replaced = models.finish();
  INFO(action << ": " << replaced.message());
  if (action == "cascade") {
    REQUIRE(replaced.ok());
    CHECK(place.names().empty());
    CHECK(place.row("SELECT task FROM model WHERE job = 'j1'") == Names{"t3"});
  } else if (action == "set_null") {
    REQUIRE(replaced.ok());
    CHECK(place.names() == Names{"a", "b"});
    CHECK(place.row("SELECT COUNT(task) FROM people") == Names{"0"});
  } else {
    CHECK(replaced.code() == MR_CONFLICT);
    CHECK(place.names() == Names{"a", "b"});
    CHECK(place.row("SELECT task FROM model WHERE job = 'j1'") == Names{"t1"});
  }
}

TEST_CASE("a row that refers to nothing is refused, and so is a table that would",
          "[sql][output][tables]") {
  const OutputPlace place{GENERATE(Dialect::Sqlite, Dialect::MySql)};
  const std::string params =
      R"({"create": {"foreign_keys": [{"columns": ["task"], "table": "model", "references": ["task"]}]}})";
  SECTION("there is no such table") {
    const auto refused = place.harness(params).push(people({{1, "a"}}));
    CHECK(refused.code() == MR_NOT_FOUND);
    CHECK_THAT(refused.message(),
               Catch::Contains("people is to refer to model") && Catch::Contains("before"));
  }
  SECTION("its columns are no key") {
    place.connection->run("CREATE TABLE model (task VARCHAR(32), other INT)");
    const auto refused = place.harness(params).push(people({{1, "a"}}));
    CHECK(refused.code() == MR_INVALID_ARGUMENT);
    CHECK_THAT(refused.message(), Catch::Contains("no key there: task"));
  }
  SECTION("its columns are of another type") {
    place.connection->run("CREATE TABLE model (task INTEGER NOT NULL PRIMARY KEY)");
    const auto refused = place.harness(params).push(people({{1, "a"}}));
    // SQLite compares them all the same, and finds none.
    CHECK(refused.code() == (place.place.is_mysql() ? MR_INVALID_ARGUMENT : MR_CONFLICT));
  }
  SECTION("there is no such row") {
    place.connection->run("CREATE TABLE model (task VARCHAR(32) NOT NULL PRIMARY KEY)");
    auto harness = place.harness(params);
    const auto refused = harness.push(people({{1, "a"}}));
    CHECK(refused.code() == MR_CONFLICT);
    CHECK(place.names().empty());
  }
}
