#include <chrono>
#include <cstdio>
#include <string>

#include <catch2/catch.hpp>

#include <millrace/sql/connection.hpp>

#include "tests/fixtures/mariadb.hpp"
#include "tests/sql/place.hpp"
#include "tests/unsynced.hpp"

#include <sys/resource.h>

namespace sql = millrace::sql;
namespace test = millrace::test;

namespace {

constexpr std::int64_t kRows = 1'000'000, kBlock = 10'000;

double own_cpu_seconds() {
  rusage used{};
  ::getrusage(RUSAGE_SELF, &used);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(used.ru_utime) + seconds(used.ru_stime);
}

template <class Work>
void measure(const char* what, const Work& work) {
  const double cpu = own_cpu_seconds();
  const auto begun = std::chrono::steady_clock::now();
  work();
  const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - begun;
  std::printf("%-40s %9.0f rows/s, %.2f us of our CPU a row\n", what,
              static_cast<double>(kRows) / taken.count(),
              (own_cpu_seconds() - cpu) * 1e6 / static_cast<double>(kRows));
}

}  // namespace

TEST_CASE("figures: rows written in bulk and streamed", "[.measure]") {
  test::wait_for_disk();
  test::MariaDb::shared(test::MariaDb::Writes::Synced);
  const test::SqlPlace place{GENERATE(sql::Dialect::Sqlite, sql::Dialect::MySql)};
  const auto connection = place.connect();
  std::printf("%s\n", place.is_mysql() ? "MariaDB" : "SQLite");
  connection->run(
      "CREATE TABLE t (id VARCHAR(40) PRIMARY KEY, author VARCHAR(100), n BIGINT, post_time "
      "DATETIME)");
  const sql::Target target{{"", "t"}, {"id", "author", "n", "post_time"}};
  measure("inserted", [&] {
    sql::Block rows{{test::column("", sql::Type::Text), test::column("", sql::Type::Text),
                     test::column("", sql::Type::Integer), test::column("", sql::Type::DateTime)}};
    for (std::int64_t row = 0; row < kRows; ++row) {
      rows.columns[0].append("id of a row " + std::to_string(kRows + row));
      rows.columns[1].append("author " + std::to_string(row % 1'000));
      rows.columns[2].append(row);
      rows.columns[3].append(std::string_view{"2021-01-01 00:00:00"});
      if (rows.rows() < kBlock) continue;
      connection->insert_rows(target, rows);
      rows.clear();
    }
  });
  for (int round = 0; round < 2; ++round) {
    measure("streamed in the order of the key", [&] {
      const auto reader = connection->stream("SELECT id, author, n, post_time FROM t ORDER BY id");
      sql::Block block;
      std::int64_t rows = 0;
      while (reader->read(block, kBlock)) rows += block.rows();
      REQUIRE(rows == kRows);
    });
  }
}
