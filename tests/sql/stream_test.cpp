#include <chrono>
#include <limits>
#include <thread>

#include <catch2/catch.hpp>

#include <millrace/sql/connection.hpp>

#include "tests/sql/place.hpp"

namespace sql = millrace::sql;
namespace test = millrace::test;
using namespace std::chrono_literals;
using millrace::sql::Code;
using millrace::sql::Dialect;
using millrace::sql::Type;
using millrace::test::code_of;
using millrace::test::failure_of;
using millrace::test::SqlPlace;

namespace {

std::string numbers(const SqlPlace& place, std::int64_t rows) {
  const std::string last = std::to_string(rows);
  return place.is_mysql() ? "SELECT seq, CONCAT('text ', seq) FROM seq_1_to_" + last
                          : "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE "
                            "x < " +
                                last + ") SELECT x, 'text ' || x FROM n";
}

Dialect each_dialect() { return GENERATE(Dialect::Sqlite, Dialect::MySql); }

}  // namespace

TEST_CASE("a stream gives all rows in pieces, and then no more", "[sql][stream]") {
  const SqlPlace place{each_dialect()};
  const auto connection = place.connect();
  for (const std::int64_t rows : {1, 999, 1'000, 1'001, 10'000}) {
    const auto reader = connection->stream(numbers(place, rows));
    sql::Block block;
    std::int64_t seen = 0;
    while (reader->read(block, 1'000)) {
      REQUIRE(block.rows() <= 1'000);
      for (std::int64_t row = 0; row < block.rows(); ++row) {
        ++seen;
        if (block.columns[0].integer(row) != seen ||
            block.columns[1].text(row) != "text " + std::to_string(seen))
          FAIL("row " << seen);
      }
    }
    CHECK(seen == rows);
    CHECK(block.rows() == 0);
    CHECK_FALSE(reader->read(block, 1'000));
  }
  // After its end the connection is free, before it is not.
  const auto reader = connection->stream(numbers(place, 3));
  CHECK(code_of([&] { connection->query("SELECT 1"); }) == Code::Internal);
  CHECK(code_of([&] { connection->stream("SELECT 1"); }) == Code::Internal);
  sql::Block block;
  CHECK(reader->read(block, 10));
}

TEST_CASE("a stream of no rows names its columns", "[sql][stream]") {
  const SqlPlace place{each_dialect()};
  const auto connection = place.connect();
  connection->run("CREATE TABLE t (a INTEGER, b TEXT)");
  const auto reader = connection->stream("SELECT a, b AS c FROM t");
  sql::Block block;
  CHECK_FALSE(reader->read(block, 10));
  REQUIRE(block.columns.size() == 2);
  CHECK(block.columns[0].name == "a");
  CHECK(block.columns[0].type == Type::Integer);
  CHECK(block.columns[1].name == "c");
}

TEST_CASE("a block ends at its bytes too", "[sql][stream]") {
  const SqlPlace place{each_dialect()};
  const auto connection = place.connect();
  connection->run("CREATE TABLE t (a LONGTEXT)");
  for (int row = 0; row < 8; ++row)
    connection->execute("INSERT INTO t VALUES (?)", {std::string(300'000, 'x')});
  const auto reader = connection->stream("SELECT a FROM t");
  sql::Block block;
  std::vector<std::int64_t> pieces;
  while (reader->read(block, 100, 1'000'000)) pieces.push_back(block.rows());
  CHECK(pieces == std::vector<std::int64_t>{4, 4});
}

TEST_CASE("a cell of 16 MB is streamed", "[sql][stream]") {
  const SqlPlace place{each_dialect()};
  const auto connection = place.connect();
  connection->run("CREATE TABLE t (a LONGTEXT, b LONGTEXT)");
  const std::string large((16 << 20) - 100, 'x');
  connection->execute("INSERT INTO t VALUES (?, NULL)", {large});
  connection->run("UPDATE t SET b = a");
  const auto reader = connection->stream("SELECT a, b FROM t");
  sql::Block block;
  REQUIRE(reader->read(block, 10));
  CHECK((block.columns[0].text(0) == large));
  CHECK((block.columns[1].text(0) == large));
  CHECK_FALSE(reader->read(block, 10));
}

TEST_CASE("cells come with the type of their column", "[sql][stream][mysql]") {
  const SqlPlace place{Dialect::MySql};
  const auto connection = place.connect();
  connection->run(
      "CREATE TABLE t (a TINYINT(1), b BIGINT UNSIGNED, c DECIMAL(40,5), d FLOAT, e DOUBLE, f "
      "DATE, "
      "g DATETIME(6), h TIMESTAMP NULL, i TIME, j YEAR, k CHAR(4), l VARBINARY(5), m JSON, n "
      "ENUM('x'), o BIT(64), p TEXT COLLATE utf8mb4_bin, q BLOB, r UUID)");
  connection->run(
      "INSERT INTO t VALUES (1, 9223372036854775807, 12345678901234567890123456789012345.67891, "
      "0.1, 0.1, '0001-02-03', '2021-01-01 23:59:59.999999', '2021-01-01', '-838:59:59', 2021, "
      "'k', X'00ff', '{}', 'x', 127, 'p', X'ff00', '00000000-0000-0000-0000-000000000001')");
  connection->run("INSERT INTO t (a) VALUES (NULL)");
  const auto reader = connection->stream("SELECT *, NULL, COUNT(*) OVER () FROM t ORDER BY a DESC");
  sql::Block block;
  REQUIRE(reader->read(block, 10));
  REQUIRE(block.rows() == 2);
  std::vector<Type> types;
  for (const auto& column : block.columns) {
    types.push_back(column.type);
    CHECK((column.is_null(1) || column.integer(1) == 2));
  }
  using T = Type;
  CHECK(types == std::vector<Type>{T::Integer, T::Integer,  T::Decimal,  T::Real, T::Real,
                                   T::Date,    T::DateTime, T::DateTime, T::Time, T::Integer,
                                   T::Text,    T::Bytes,    T::Text,     T::Text, T::Integer,
                                   T::Text,    T::Bytes,    T::Text,     T::Text, T::Integer});
  const auto text = [&](std::size_t column) { return block.columns[column].text(0); };
  CHECK(block.columns[0].integer(0) == 1);
  CHECK(block.columns[1].integer(0) == std::numeric_limits<std::int64_t>::max());
  CHECK(text(2) == "12345678901234567890123456789012345.67891");
  CHECK(block.columns[3].real(0) == 0.1);
  CHECK(block.columns[4].real(0) == 0.1);
  CHECK(text(5) == "0001-02-03");
  CHECK(text(6) == "2021-01-01 23:59:59.999999");
  CHECK(text(8) == "-838:59:59");
  CHECK(block.columns[9].integer(0) == 2021);
  CHECK(text(11) == std::string_view{"\0\xff", 2});
  CHECK(block.columns[14].integer(0) == 127);
  CHECK_FALSE(reader->read(block, 10));
  // What 64 bits with a sign do not hold is refused and not turned round; the way out works.
  connection->run("UPDATE t SET b = 18446744073709551615");
  const auto wide = failure_of([&] {
    const auto refused = connection->stream("SELECT b FROM t");
    refused->read(block = {}, 10);
  });
  REQUIRE(wide);
  CHECK(wide->code() == Code::DataInvalid);
  CHECK(std::string{wide->what()}.find("18446744073709551615") != std::string::npos);
  const auto as_text = connection->stream("SELECT CAST(b AS CHAR) FROM t LIMIT 1");
  sql::Block texts;
  REQUIRE(as_text->read(texts, 10));
  CHECK(texts.columns[0].text(0) == "18446744073709551615");
}

TEST_CASE("a SQLite cell that is not of its column's type is refused with the way out",
          "[sql][stream]") {
  const SqlPlace place{Dialect::Sqlite};
  const auto connection = place.connect();
  connection->run("CREATE TABLE t (a INTEGER, b TEXT, c REAL, d DATETIME, e)");
  connection->run("INSERT INTO t VALUES (1, 2, 3, 4, 5.5), (NULL, X'ff', 1.5, '2021-01-01', 7)");
  {
    const auto reader = connection->stream("SELECT * FROM t");
    sql::Block block;
    REQUIRE(reader->read(block, 10));
    CHECK(block.columns[1].text(0) == "2");
    CHECK(block.columns[1].text(1) == "\xff");
    CHECK(block.columns[2].real(0) == 3);
    CHECK(block.columns[3].text(0) == "4");
    CHECK(block.columns[4].real(1) == 7);
  }
  connection->run("INSERT INTO t (a) VALUES ('words')");
  const auto failure = failure_of([&] {
    const auto reader = connection->stream("SELECT a FROM t");
    sql::Block block;
    while (reader->read(block, 1)) {
    }
  });
  REQUIRE(failure);
  CHECK(failure->code() == Code::DataInvalid);
  CHECK(std::string{failure->what()}.find("column a is integer") != std::string::npos);
  CHECK(connection->query("SELECT CAST(a AS TEXT) FROM t").rows.size() == 3);
}

TEST_CASE("a stream that has failed never seems to have ended", "[sql][stream]") {
  const SqlPlace place{each_dialect()};
  const auto connection = place.connect();
  connection->run("CREATE TABLE t (id INTEGER, a BIGINT)");
  connection->run("INSERT INTO t VALUES (1, 1), (2, NULL), (3, 3)");
  const std::string bad = place.is_mysql()
                              ? "SELECT COALESCE(CAST(a AS UNSIGNED), 18446744073709551615) FROM t"
                              : "SELECT COALESCE(a, 'words') FROM t";
  const auto reader = connection->stream(bad + " ORDER BY id");
  sql::Block block;
  REQUIRE(reader->read(block, 1));
  CHECK(code_of([&] { reader->read(block, 1); }) == Code::DataInvalid);
  CHECK(code_of([&] { reader->read(block, 1); }) == Code::Internal);
}

TEST_CASE("a reader that is let go early costs no time, and the connection goes on",
          "[sql][stream]") {
  const SqlPlace place{each_dialect()};
  const auto connection = place.connect();
  const auto begun = std::chrono::steady_clock::now();
  for (const std::int64_t rows : {std::int64_t{500}, std::int64_t{2'000'000'000}}) {
    const auto reader = connection->stream(numbers(place, rows));
    sql::Block block;
    REQUIRE(reader->read(block, 3));
  }
  CHECK(std::chrono::steady_clock::now() - begun < 20s);  // two thousand million take minutes
  CHECK(connection->query("SELECT 1").rows.size() == 1);
  // Of a transaction nothing is left then, and that is told.
  if (place.is_mysql()) {
    connection->begin();
    { const auto reader = connection->stream(numbers(place, 2'000'000'000)); }
    CHECK(code_of([&] { connection->query("SELECT 1"); }) == Code::Unavailable);
    connection->rollback();
    CHECK(connection->query("SELECT 1").rows.size() == 1);
  }
}

TEST_CASE("a reader outlives its connection", "[sql][stream]") {
  const SqlPlace place{each_dialect()};
  auto connection = place.connect();
  const auto reader = connection->stream(numbers(place, 5'000));
  connection.reset();
  sql::Block block;
  std::int64_t rows = 0;
  while (reader->read(block, 1'000)) rows += block.rows();
  CHECK(rows == 5'000);
}
