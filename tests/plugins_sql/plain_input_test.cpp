// Rows as one query gives them.
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "tests/plugins_sql/reading.hpp"

using namespace millrace;
using namespace millrace::test;
using sql::Dialect;

namespace {

Json plain(Json more = Json::object()) {
  Json params{{"connection", "data"}, {"table", "t"}, {"columns", {"id"}}};
  params.update(more);  // in which a null is a value
  return params;
}

std::string ids(const SqlPlace& place, const Json& params) {
  Reading reading{place, params};
  const auto status = reading.run();
  INFO(status.message());
  REQUIRE(status.ok());
  if (reading.count("read") == 0) return {};
  std::string found;
  const Batch rows = reading.rows();
  const auto id = rows.column<std::string_view>("id");
  for (std::int64_t row = 0; row < rows.rows(); ++row) {
    if (row > 0) found += ' ';
    found += id.value(row);
  }
  return found;
}

}  // namespace

TEST_CASE("rows come in the order asked for, texts by their bytes", "[sql][input][plain]") {
  const SqlPlace place{GENERATE(Dialect::Sqlite, Dialect::MySql)};
  const auto connection = place.connect();
  connection->run("CREATE TABLE t (id VARCHAR(20), n INT)");
  connection->run(
      "INSERT INTO t VALUES ('b', 1), ('B', 1), ('a', 2), ('A', NULL), ('\xC3\xA4', 2)");
  CHECK(ids(place, plain({{"order", {"id"}}})) == "A B a b \xC3\xA4");
  CHECK(ids(place, plain({{"order", {"-id"}}})) == "\xC3\xA4 b a B A");
  CHECK(ids(place, plain({{"order", {"-n", "id"}}})) == "a \xC3\xA4 B b A");
  CHECK(ids(place, plain({{"order", {"id"}}, {"limit", 2}})) == "A B");
  CHECK(ids(place, plain({{"order", {"id"}}, {"batch_rows", 1}})) == "A B a b \xC3\xA4");
}

// Rows of one author follow one another, however long what two of them begin with is.
TEST_CASE("texts are ordered by all of their bytes", "[sql][input][plain]") {
  const SqlPlace place{GENERATE(Dialect::Sqlite, Dialect::MySql)};
  const auto connection = place.connect();
  connection->run("CREATE TABLE t (id VARCHAR(20), author TEXT, panel TEXT, more TEXT)");
  const std::string begin(GENERATE(1024, 2000, 65'000), 'a');
  for (const auto* row : {"x1", "y1", "x2", "y2", "x3"}) {
    connection->execute("INSERT INTO t VALUES (?, ?, ?, ?)",
                        {std::string{row}, begin + row[0], begin + row[1], begin});
  }
  CHECK(ids(place, plain({{"order", {"author", "panel", "more"}}})) == "x1 x2 x3 y1 y2");
  CHECK(ids(place, plain({{"order", {"-author", "more", "-panel"}}})) == "y2 y1 x3 x2 x1");
}

TEST_CASE("conditions are values, whatever is in them", "[sql][input][plain]") {
  const SqlPlace place{GENERATE(Dialect::Sqlite, Dialect::MySql)};
  const auto connection = place.connect();
  connection->run("CREATE TABLE t (id VARCHAR(20), v VARCHAR(100), n INT, x DOUBLE)");
  const std::vector<std::string> hostile{
      "' OR 1=1 -- ", "\\", "\\' OR '1'='1", "\"; DROP TABLE t; --", "?", "a?b", "%",
      "\xE2\x98\x83", "`"};
  for (std::size_t i = 0; i < hostile.size(); ++i)
    connection->execute("INSERT INTO t VALUES (?, ?, ?, ?)",
                        {std::to_string(i), hostile[i], static_cast<std::int64_t>(i), 0.5});
  for (std::size_t i = 0; i < hostile.size(); ++i) {
    CAPTURE(hostile[i]);
    CHECK(ids(place, plain({{"where", {{"v", hostile[i]}}}})) == std::to_string(i));
  }
  CHECK(ids(place, plain({{"where", {{"v", {hostile[1], hostile[4]}}, {"x", 0.5}}},
                          {"order", {"n"}}})) == "1 4");
  CHECK(ids(place, plain({{"where", {{"n", 3}}}})) == "3");
  CHECK(ids(place, plain({{"where", {{"n", nullptr}}}})).empty());
  CHECK(ids(place, plain({{"where", {{"v", "' OR 1=1"}}}})).empty());
}

TEST_CASE("names are names, whatever is in them", "[sql][input][plain]") {
  const SqlPlace place{GENERATE(Dialect::Sqlite, Dialect::MySql)};
  const auto connection = place.connect();
  const std::string table = "x` where 1=1; drop table t; -- \"", column = "a`b\"c' ? --";
  connection->run("CREATE TABLE " + connection->quote(std::string_view{table}) + " (" +
                  connection->quote(std::string_view{column}) + " VARCHAR(20), id VARCHAR(9))");
  connection->run("INSERT INTO " + connection->quote(std::string_view{table}) +
                  " VALUES ('v', 'one'), (NULL, 'two')");
  CHECK(ids(place, plain({{"table", table}, {"where", {{column, "v"}}}})) == "one");
  CHECK(ids(place, plain({{"table", table}, {"not_null", {column}}, {"order", {column}}})) ==
        "one");
}

TEST_CASE("all columns of a table come when none is named", "[sql][input][plain]") {
  const SqlPlace place{GENERATE(Dialect::Sqlite, Dialect::MySql)};
  const auto connection = place.connect();
  connection->run("CREATE TABLE t (id VARCHAR(20), n INT, x DOUBLE)");
  connection->run("INSERT INTO t VALUES ('a', 1, 0.5)");
  Json params = plain();
  params.erase("columns");
  Reading reading{place, params};
  REQUIRE(reading.run().ok());
  const Schema wanted{{"id", Type::Utf8}, {"n", Type::Int64}, {"x", Type::Float64}};
  CHECK(reading.rows().schema() == wanted);
}

TEST_CASE("a column of SQLite without a type is read as text", "[sql][input][plain]") {
  const SqlPlace place{Dialect::Sqlite};
  const auto connection = place.connect();
  connection->run("CREATE TABLE t (id)");
  connection->run("INSERT INTO t VALUES (1), ('two'), (NULL), (3.5)");
  CHECK(ids(place, plain({{"batch_rows", 1}})) == "1 two  3.5");
}

TEST_CASE("a table that is not there has no rows where that is wanted", "[sql][input]") {
  const SqlPlace place{GENERATE(Dialect::Sqlite, Dialect::MySql)};
  const auto connection = place.connect();
  for (const auto* table : {"t", "t`; DROP TABLE t; --", "t "}) {
    CAPTURE(table);
    Reading failing{place, plain({{"table", table}})};
    CHECK(failing.run().code() == MR_NOT_FOUND);
    Reading skipping{place, plain({{"table", table}, {"missing", "skip"}})};
    REQUIRE(skipping.run().ok());
    CHECK(skipping.input().has_ended());
    CHECK(skipping.input().emitted() == 0);
    CHECK(skipping.count("missingTables") == 1);
  }
  Reading by_time_too{place, by_time("2021-01-01", "2021-01-03", {{"missing", "skip"}})};
  REQUIRE(by_time_too.run().ok());
  CHECK(by_time_too.input().has_ended());
  CHECK(by_time_too.count("missingTables") == 1);
  Reading elsewhere{place, plain({{"schema", "nowhere"}, {"missing", "skip"}})};
  CHECK(elsewhere.run().ok());
  connection->run("CREATE TABLE t (id VARCHAR(20))");
  connection->run("INSERT INTO t VALUES ('a')");
  CHECK(ids(place, plain({{"missing", "skip"}})) == "a");
  Reading lacking{place, plain({{"columns", {"titel"}}, {"missing", "skip"}})};
  CHECK(lacking.run().code() == MR_NOT_FOUND);
}

// A reader that waits for a writer, which waits for the reader, would be a dead end.
TEST_CASE("a table of SQLite that is being read may be written to", "[sql][input][plain]") {
  const SqlPlace place{Dialect::Sqlite};
  const auto connection = place.connect();
  const bool has_log = GENERATE(false, true);
  if (has_log) connection->query("PRAGMA journal_mode = WAL");
  connection->run("CREATE TABLE t (id TEXT)");
  for (int i = 0; i < 50; ++i) connection->run("INSERT INTO t VALUES ('x')");
  Reading reading{place, plain({{"batch_rows", 10}})};
  REQUIRE(reading.run(1).ok());
  CHECK(reading.input().has_ended() == !has_log);
  auto writing = place.settings;
  writing.lock_timeout = std::chrono::milliseconds{100};
  CHECK(sql::connect(writing)->execute("INSERT INTO t VALUES ('new')") == 1);
  REQUIRE(reading.run().ok());
  CHECK(reading.rows().rows() == 50);
}
