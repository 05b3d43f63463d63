#include <chrono>

#include <catch2/catch.hpp>

#include <millrace/sql/connection.hpp>

#include "tests/sql/place.hpp"

namespace sql = millrace::sql;
namespace test = millrace::test;
using millrace::sql::Code;
using millrace::sql::Dialect;
using millrace::sql::Type;
using millrace::test::code_of;
using millrace::test::column;
using millrace::test::failure_of;
using millrace::test::SqlPlace;

namespace {

Dialect each_dialect() { return GENERATE(Dialect::Sqlite, Dialect::MySql); }

std::int64_t count(sql::Connection& connection) {
  return sql::integer(connection.query("SELECT COUNT(*) FROM t").rows.at(0)[0]);
}

// One column of texts of some lengths.
sql::Block texts(const std::vector<std::size_t>& lengths) {
  sql::Block rows{{column("", Type::Text)}};
  for (const std::size_t length : lengths) rows.columns[0].append(std::string(length, 'x'));
  return rows;
}

}  // namespace

TEST_CASE("rows are inserted in bulk as they are, of every type", "[sql][bulk]") {
  const SqlPlace place{each_dialect()};
  const auto connection = place.connect();
  connection->run(
      "CREATE TABLE t (a BIGINT, b DOUBLE, c LONGTEXT, d LONGBLOB, e DATETIME, f DECIMAL(30, 10))");
  using namespace std::string_view_literals;
  const std::string_view hostile[] = {"'"sv,      "\\"sv, "\\'"sv,     "''"sv,
                                      "a\0b"sv,   "?"sv,  "-- "sv,     "\xf0\x9f\x90\x98"sv,
                                      "'); --"sv, ""sv,   "\n\r\x1a"sv};
  sql::Block rows{{column("", Type::Integer), column("", Type::Real), column("", Type::Text),
                   column("", Type::Bytes), column("", Type::DateTime), column("", Type::Decimal)}};
  std::int64_t number = 0;
  for (int round = 0; round < 1'000; ++round) {
    for (const auto text : hostile) {
      rows.columns[0].append(number++);
      rows.columns[1].append(static_cast<double>(number) / 3);
      rows.columns[2].append(text);
      rows.columns[3].append(std::string{text} + "\xff\xfe");
      rows.columns[4].append("2021-01-01 00:00:01"sv);
      rows.columns[5].append("12345678901234.5"sv);
    }
    for (auto& one : rows.columns) one.append_null();
  }
  connection->insert_rows({{"", "t"}, {"a", "b", "c", "d", "e", "f"}}, rows);
  CHECK(count(*connection) == rows.rows());
  const auto reader =
      connection->stream("SELECT a, b, c, d, e FROM t WHERE a IS NOT NULL ORDER BY a");
  sql::Block block;
  std::int64_t seen = 0;
  while (reader->read(block, 1'000)) {
    for (std::int64_t row = 0; row < block.rows(); ++row, ++seen) {
      const std::string_view text = hostile[static_cast<std::size_t>(seen) % std::size(hostile)];
      const bool is_same = block.columns[0].integer(row) == seen &&
                           block.columns[1].real(row) == static_cast<double>(seen + 1) / 3 &&
                           block.columns[2].text(row) == text &&
                           block.columns[3].text(row) == std::string{text} + "\xff\xfe" &&
                           block.columns[4].text(row) == "2021-01-01 00:00:01";
      if (!is_same) FAIL("row " << seen << ": " << block.columns[2].text(row));
    }
  }
  CHECK(seen == number);
}

TEST_CASE("rows go into packets up to the last byte", "[sql][bulk][mysql]") {
  const SqlPlace place{Dialect::MySql};
  const auto connection = place.connect();
  connection->run("CREATE TABLE t (a LONGTEXT)");
  const auto packet = static_cast<std::size_t>(
      sql::integer(connection->query("SELECT @@max_allowed_packet").rows.at(0)[0]));
  const sql::Target target{{"", "t"}, {"a"}};
  const std::size_t around = std::string_view{"INSERT INTO `t` (`a`) VALUES ('')"}.size();
  for (const std::size_t less : {2u, 3u}) {
    connection->insert_rows(target, texts({packet - around - less}));
    CHECK(count(*connection) == 1);
    connection->run("DELETE FROM t");
  }
  // Larger ones are refused before they cost the connection and its transaction.
  connection->begin();
  connection->insert_rows(target, texts({1}));
  const auto refused = failure_of([&] {
    connection->insert_rows(target, texts({2, packet - around - 1}));
  });
  REQUIRE(refused);
  CHECK(refused->code() == Code::InvalidArgument);
  CHECK(std::string{refused->what()}.find("row 1 takes 16777215 bytes") != std::string::npos);
  connection->commit();
  CHECK(count(*connection) == 2);
  // Statements are cut at their size, rows before and behind a large one included.
  connection->run("DELETE FROM t");
  const std::size_t mega = 1 << 20;
  connection->insert_rows(target, texts({1, mega, 2 * mega, 0, mega - 1, mega - 2, mega + 1, 7}));
  CHECK(count(*connection) == 8);
}

TEST_CASE("without a transaction all rows are inserted or none", "[sql][bulk]") {
  const SqlPlace place{each_dialect()};
  const auto connection = place.connect();
  connection->run("CREATE TABLE t (a BIGINT UNIQUE)");
  sql::Block rows{{column("", Type::Integer)}};
  for (std::int64_t row = 0; row < 200'000; ++row) rows.columns[0].append(row);
  rows.columns[0].append(std::int64_t{199'999});
  CHECK(code_of([&] { connection->insert_rows({{"", "t"}, {"a"}}, rows); }) == Code::Conflict);
  CHECK(count(*connection) == 0);
  CHECK_FALSE(connection->in_transaction());
  // Within one the caller decides, and a row of its own goes along.
  connection->begin();
  connection->execute("INSERT INTO t VALUES (-1)");
  rows.columns[0].clear();
  for (std::int64_t row = 0; row < 10; ++row) rows.columns[0].append(row);
  connection->insert_rows({{"", "t"}, {"a"}}, rows);
  connection->rollback();
  CHECK(count(*connection) == 0);
}

TEST_CASE("values that a column does not take are refused", "[sql][bulk][mysql]") {
  const SqlPlace place{Dialect::MySql};
  const auto connection = place.connect();
  connection->run("CREATE TABLE t (a VARCHAR(3), b INTEGER NOT NULL)");
  const auto refused = [&](std::string_view text, bool is_null) {
    sql::Block rows{{column("", Type::Text), column("", Type::Integer)}};
    rows.columns[0].append(text);
    is_null ? rows.columns[1].append_null() : rows.columns[1].append(std::int64_t{1});
    return code_of([&] { connection->insert_rows({{"", "t"}, {"a", "b"}}, rows); });
  };
  CHECK(refused("abcd", false) == Code::InvalidArgument);
  CHECK(refused("\xff\xfe", false) == Code::InvalidArgument);
  CHECK(refused("\\\xff", false) == Code::InvalidArgument);
  CHECK(refused("abc", true) == Code::InvalidArgument);
  CHECK(refused("abc", false) == Code{});
  CHECK(count(*connection) == 1);
  CHECK(code_of([&] {
          connection->insert_rows({{"", "nowhere"}, {"a"}}, texts({1}));
        }) == Code::NotFound);
}

TEST_CASE("a block that does not fit its target is misuse", "[sql][bulk]") {
  const SqlPlace place{Dialect::Sqlite};
  const auto connection = place.connect();
  connection->run("CREATE TABLE t (a TEXT, b TEXT)");
  const sql::Target target{{"", "t"}, {"a", "b"}};
  CHECK(code_of([&] { connection->insert_rows(target, texts({1})); }) == Code::InvalidArgument);
  sql::Block uneven{{column("", Type::Text), column("", Type::Text)}};
  uneven.columns[0].append(std::string_view{"x"});
  CHECK(code_of([&] { connection->insert_rows(target, uneven); }) == Code::InvalidArgument);
  uneven.clear();
  connection->insert_rows(target, uneven);
  CHECK(count(*connection) == 0);
}
