// Tables that output.sql makes anew and puts in the place of others.
#include <chrono>
#include <optional>
#include <string>
#include <thread>

#include <catch2/catch.hpp>

#include "tests/plugins_sql/output_fixture.hpp"

using millrace::sql::Dialect;
using plugins_sql::Attempt;
using plugins_sql::Names;
using plugins_sql::OutputPlace;
using plugins_sql::people;

namespace {

constexpr const char* kSwap = R"({"mode": "swap"})";
constexpr const char* kSwapByColumn =
    R"({"mode": "swap", "table": null, "table_column": "table", "transaction_bytes": 1})";

// A table of people as somebody else made it.
void make_older(const OutputPlace& place, const std::string& table = "people") {
  const auto name = place.connection->quote(table);
  place.connection->run("CREATE TABLE " + name + " (name VARCHAR(20), age INTEGER)");
  place.connection->run("INSERT INTO " + name + " VALUES ('old', 7)");
}

bool is_there(const OutputPlace& place, const std::string& table) {
  try {
    static_cast<void>(place.connection->describe({"", table}));
    return true;
  } catch (const millrace::sql::Failure&) {
    return false;
  }
}

std::string index_count(const OutputPlace& place, const std::string& table) {
  const auto info = place.connection->describe({"", table});
  return std::to_string(info.indexes.size());
}

}  // namespace

TEST_CASE("a table takes the place of another when all of its rows are there", "[sql][swap]") {
  const OutputPlace place{GENERATE(Dialect::Sqlite, Dialect::MySql)};
  make_older(place);
  for (const std::string name : {"first", "second"}) {
    auto harness = place.harness(R"({"mode": "swap", "transaction_bytes": 1})", {.job = name});
    const auto before = place.names();
    REQUIRE(harness.push(people({{1, name}})).ok());
    CHECK(place.names() == before);
    CHECK_THROWS_WITH(harness.snapshot(), Catch::Contains("one transaction"));
    REQUIRE(harness.push(people({{2, name + " too"}})).ok());
    CHECK(place.names() == before);
    const auto status = harness.finish();
    INFO(status.message());
    REQUIRE(status.ok());
    CHECK(place.names() == Names{name, name + " too"});
    CHECK(harness.column<std::int64_t>("rows") == std::vector<std::int64_t>{2});
    CHECK(harness.counts().at("written") == 2);
    CHECK(index_count(place, "people") == "1");
    CHECK_FALSE(is_there(place, "people_new"));
    CHECK_FALSE(is_there(place, "people_old"));
  }
}

TEST_CASE("tables that rows name are swapped in, and no others", "[sql][swap]") {
  const OutputPlace place{GENERATE(Dialect::Sqlite, Dialect::MySql)};
  for (const char* table : {"Ptt", "x`\"y", "untouched"}) make_older(place, table);
  auto harness = place.harness(kSwapByColumn);
  REQUIRE(harness.push(people({{1, "a", "Ptt"}, {2, "b", "fresh"}})).ok());
  REQUIRE(harness.push(people({{3, "c", "x`\"y"}, {4, "d", "Ptt"}})).ok());
  CHECK(place.names("Ptt") == Names{"old"});
  REQUIRE(harness.finish().ok());
  CHECK(place.names("Ptt") == Names{"a", "d"});
  CHECK(place.names("fresh") == Names{"b"});
  CHECK(place.names("x`\"y") == Names{"c"});
  CHECK(place.names("untouched") == Names{"old"});
}

TEST_CASE("without rows a table that is named is swapped for an empty one", "[sql][swap]") {
  const OutputPlace place{GENERATE(Dialect::Sqlite, Dialect::MySql)};
  make_older(place);
  REQUIRE(place.harness(kSwap).finish().ok());
  CHECK(place.names().empty());
}

TEST_CASE("a swap that breaks off leaves what was there, and the next one goes through",
          "[sql][swap]") {
  const OutputPlace place{GENERATE(Dialect::Sqlite, Dialect::MySql)};
  make_older(place);
  {
    auto broken = place.harness(R"({"mode": "swap", "transaction_bytes": 1})");
    REQUIRE(broken.push(people({{1, "half"}})).ok());
  }
  CHECK(place.names() == Names{"old"});
  CHECK(is_there(place, "people_new"));
  // One that broke off behind the step has left the former table.
  place.connection->run("CREATE TABLE people_old (name VARCHAR(20), age INTEGER)");
  auto next = place.harness(kSwap, {.token = 2});
  REQUIRE(next.push(people({{1, "whole"}})).ok());
  REQUIRE(next.finish().ok());
  CHECK(place.names() == Names{"whole"});
  CHECK_FALSE(is_there(place, "people_new"));
  CHECK_FALSE(is_there(place, "people_old"));
}

TEST_CASE("a table that somebody else calls NAME_new or NAME_old is left alone", "[sql][swap]") {
  const OutputPlace place{GENERATE(Dialect::Sqlite, Dialect::MySql)};
  make_older(place);
  for (const std::string name : {"people_new", "people_old"}) {
    place.connection->run("CREATE TABLE " + name + " (mine INTEGER)");
    place.connection->run("INSERT INTO " + name + " VALUES (1)");
    auto harness = place.harness(kSwap);
    const auto refused = harness.push(people({{1, "a"}}));
    CHECK(refused.code() == MR_INVALID_ARGUMENT);
    CHECK_THAT(refused.message(), Catch::Contains(name));
    CHECK(place.row("SELECT mine FROM " + name) == Names{"1"});
    CHECK(place.names() == Names{"old"});
    place.connection->run("DROP TABLE " + name);
  }
  place.connection->run("CREATE VIEW seen AS SELECT name FROM people");
  auto view = place.harness(R"({"mode": "swap", "table": "seen"})");
  CHECK_THAT(view.push(people({{1, "a"}})).message(), Catch::Contains("view"));
}

TEST_CASE("one session at a time swaps tables of a schema", "[sql][swap]") {
  const OutputPlace place{Dialect::MySql};
  make_older(place);
  auto first = place.harness(kSwap, {.job = "1"});
  REQUIRE(first.push(people({{1, "first"}})).ok());  // the table aside is there, without rows
  std::optional<millrace::testing::Status> ended;
  {
    std::jthread other{[&] {
      auto second = place.harness(kSwap, {.job = "2"});
      ended = second.push(people({{1, "second"}}));
      if (ended->ok()) ended = second.finish();
    }};
    bool is_waiting = false;
    for (int i = 0; i < 200 && !is_waiting; ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds{20});
      is_waiting = !place
                        .row(
                            "SELECT 1 FROM information_schema.processlist WHERE state = "
                            "'User lock'")
                        .empty();
    }
    CHECK(is_waiting);
    CHECK(place.names() == Names{"old"});
    CHECK(first.finish().ok());
  }
  REQUIRE(ended);
  INFO(ended->message());
  CHECK(ended->ok());
  CHECK(place.names() == Names{"second"});
}

TEST_CASE("whoever has lost the session begins the tables anew, or has lost the work",
          "[sql][swap]") {
  const OutputPlace place{Dialect::MySql};
  make_older(place);
  const auto cut = [&] {
    const auto sessions = place.connection->query(
        "SELECT id FROM information_schema.processlist WHERE db = DATABASE() AND id <> "
        "CONNECTION_ID()");
    for (const auto& row : sessions.rows)
      place.connection->run("KILL " + std::to_string(millrace::sql::integer(row.at(0))));
  };
  const auto swap_in = [&](const std::string& name, const Attempt& attempt) {
    auto harness = place.harness(kSwap, attempt);
    REQUIRE(harness.push(people({{1, name}})).ok());
    REQUIRE(harness.finish().ok());
    CHECK(place.names() == Names{name});
  };
  // Another job has swapped in the table that was aside.
  auto waiting = place.harness(kSwap, {.job = "1"});
  REQUIRE(waiting.push(people({{1, "waiting"}})).ok());
  cut();
  swap_in("between", {.job = "2"});
  REQUIRE(waiting.finish().ok());
  CHECK(place.names() == Names{"waiting"});
  // Rows that are in the lost transaction are not here any more.
  auto sent = place.harness(R"({"mode": "swap", "transaction_bytes": 1})", {.job = "3"});
  REQUIRE(sent.push(people({{1, "sent"}})).ok());
  cut();
  CHECK(sent.push(people({{2, "more"}})).code() == MR_UNAVAILABLE);
  // A later attempt has the work.
  auto stale = place.harness(kSwap, {.job = "4", .token = 1});
  REQUIRE(stale.push(people({{1, "stale"}})).ok());
  cut();
  swap_in("next", {.job = "4", .token = 2});
  CHECK(stale.finish().code() == MR_CONFLICT);
  CHECK(place.names() == Names{"next"});
}

TEST_CASE("a swap says what it is made of, and takes no key and no windows", "[sql][swap]") {
  const OutputPlace place{Dialect::Sqlite};
  const auto fault_of = [&](const char* more) {
    const auto harness = place.harness(more);
    return harness.faults().empty() ? std::string{} : harness.faults()[0].pointer;
  };
  CHECK(fault_of(R"({"mode": "swap", "create": null})") == "/create");
  CHECK(fault_of(R"({"mode": "swap", "key": ["task"]})") == "/key");
  CHECK(fault_of(R"({"mode": "swap", "window": "window"})") == "/window");
}
