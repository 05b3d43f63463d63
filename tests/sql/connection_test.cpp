#include <chrono>
#include <cmath>
#include <future>
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
using millrace::sql::Value;
using millrace::test::code_of;
using millrace::test::failure_of;
using millrace::test::SqlPlace;

namespace {

constexpr Dialect kBoth[] = {Dialect::Sqlite, Dialect::MySql};

Dialect each_dialect() { return GENERATE(from_range(std::begin(kBoth), std::end(kBoth))); }

std::string bytes_0_to_255() {
  std::string all;
  for (int byte = 0; byte < 256; ++byte) all += static_cast<char>(byte);
  return all;
}

}  // namespace

TEST_CASE("values come back as they were bound, whatever is in them", "[sql][connection]") {
  const SqlPlace place{each_dialect()};
  const auto connection = place.connect();
  connection->run("CREATE TABLE t (id INTEGER PRIMARY KEY, a LONGTEXT, b LONGBLOB)");
  // Backslashes escape then, which is not what a session begins with.
  if (place.is_mysql()) connection->run("SET SESSION sql_mode = 'STRICT_ALL_TABLES'");
  using namespace std::string_literals;
  const std::string texts[] = {""s,
                               "'; DROP TABLE t; -- "s,
                               "\\' OR 1=1"s,
                               "a\0b"s,
                               "Gr\xc3\xbc\xc3\x9f \xf0\x9f\x90\x98"s,
                               std::string(1 << 20, 'x')};
  for (const std::string& text : texts) {
    connection->run("DELETE FROM t");
    CHECK(connection->execute("INSERT INTO t VALUES (1, ?, ?)", {text, bytes_0_to_255()}) == 1);
    const auto found = connection->query("SELECT a, b FROM t WHERE a = ?", {text});
    REQUIRE(found.rows.size() == 1);
    CHECK((std::get<std::string>(found.rows[0][0]) == text));
    CHECK((std::get<std::string>(found.rows[0][1]) == bytes_0_to_255()));
    // The same by a stream, whose values are literals on a server.
    const auto reader = connection->stream("SELECT a, b, ? FROM t WHERE a = ?", {0.1, text});
    sql::Block block;
    REQUIRE(reader->read(block, 10));
    REQUIRE(block.rows() == 1);
    CHECK((block.columns[0].text(0) == text));
    CHECK((block.columns[1].text(0) == bytes_0_to_255()));
    CHECK(block.columns[2].real(0) == 0.1);
    CHECK_FALSE(reader->read(block, 10));
  }
}

TEST_CASE("names are taken as names, whatever is in them", "[sql][connection][quote]") {
  const SqlPlace place{each_dialect()};
  const auto connection = place.connect();
  connection->run("CREATE TABLE state (a INTEGER)");
  for (const std::string name :
       {"x` where 1=1; drop table state; -- x", "x\" where 1=1; drop table state; -- x", "``",
        "\"\"", "a.b", "sel ect", "\\", "'", "?", "/*", "\xe6\xa8\x99\xe7\xb1\xa4"}) {
    INFO(name);
    const std::string table = connection->quote(name);
    connection->run("CREATE TABLE " + table + " (" + table + " INTEGER)");
    sql::Block rows{{test::column("", sql::Type::Integer)}};
    rows.columns[0].append(std::int64_t{7});
    connection->insert_rows({{"", name}, {name}}, rows);
    CHECK(std::get<std::int64_t>(
              connection->query("SELECT " + table + " FROM " + table).rows.at(0)[0]) == 7);
    const auto info = connection->describe({"", name});
    CHECK(info.columns.at(0).name == name);
    const auto reader = connection->stream("SELECT " + table + " FROM " + table);
    sql::Block block;
    CHECK(reader->read(block, 10));
    CHECK(block.columns.at(0).name == name);
  }
  CHECK(connection->query("SELECT * FROM state").rows.empty());
  // A name that is none is no text.
  CHECK(code_of([&] {
          connection->query("SELECT " + connection->quote("nowhere") + " FROM state");
        }) == Code::NotFound);
}

TEST_CASE("errors say what is wrong and with which database, and not the password",
          "[sql][connection][errors]") {
  SqlPlace place{each_dialect()};
  const auto connection = place.connect();
  connection->run("CREATE TABLE t (a INTEGER NOT NULL UNIQUE)");
  connection->execute("INSERT INTO t VALUES (1)");
  const auto taken = failure_of([&] { connection->execute("INSERT INTO t VALUES (1)"); });
  REQUIRE(taken);
  CHECK(taken->code() == Code::Conflict);
  CHECK(taken->origin().number != 0);
  CHECK(taken->origin().statement == "INSERT INTO t VALUES (1)");
  const auto missing = failure_of([&] { connection->query("SELECT * FROM nowhere"); });
  REQUIRE(missing);
  CHECK(missing->code() == Code::NotFound);
  CHECK(std::string{missing->what()}.find("nowhere") != std::string::npos);
  CHECK(code_of([&] { connection->query("SELECT missing FROM t"); }) == Code::NotFound);
  CHECK(code_of([&] { connection->query("not SQL at all"); }) == Code::Internal);
  CHECK(code_of([&] { connection->stream("not SQL at all"); }) == Code::Internal);
  CHECK(code_of([&] { connection->query("SELECT ?", {}); }) == Code::Internal);
  CHECK(code_of([&] { connection->query("SELECT 1; DROP TABLE t"); }) == Code::Internal);
  CHECK(code_of([&] { connection->run("DELETE FROM t; DROP TABLE t"); }) == Code::Internal);
  CHECK(sql::integer(connection->query("SELECT COUNT(*) FROM t").rows.at(0)[0]) == 1);
  if (place.is_mysql()) {
    place.settings.password = "hunter2";
    const auto refused = failure_of([&] { place.connect(); });
    REQUIRE(refused);
    CHECK(refused->code() == Code::PermissionDenied);
    CHECK((std::string{refused->what()} + refused->origin().statement).find("hunter2") ==
          std::string::npos);
  }
}

TEST_CASE("what cannot be connected to says so", "[sql][connection]") {
  sql::Settings settings;
  settings.address = sql::parse_address("mysql://u@127.0.0.1:1/x");
  CHECK(code_of([&] { sql::connect(settings); }) == Code::Unavailable);
  settings.address = sql::parse_address("sqlite:/nowhere/at/all");
  settings.access = sql::Settings::Access::Create;
  CHECK(code_of([&] { sql::connect(settings); }) == Code::Io);
  const test::TemporaryFolder folder;
  settings.address.path = (folder / "missing").string();
  settings.access = sql::Settings::Access::Write;
  CHECK(code_of([&] { sql::connect(settings); }) == Code::Io);
}

TEST_CASE("a transaction is undone whole or kept whole", "[sql][connection]") {
  const SqlPlace place{each_dialect()};
  const auto connection = place.connect();
  connection->run("CREATE TABLE t (a INTEGER UNIQUE)");
  const auto count = [&] {
    return sql::integer(place.connect()->query("SELECT COUNT(*) FROM t").rows.at(0)[0]);
  };
  CHECK_FALSE(connection->in_transaction());
  connection->begin();
  CHECK(connection->in_transaction());
  connection->execute("INSERT INTO t VALUES (1)");
  CHECK(count() == 0);
  connection->rollback();
  CHECK_FALSE(connection->in_transaction());
  CHECK(count() == 0);
  connection->begin();
  connection->execute("INSERT INTO t VALUES (2)");
  connection->commit();
  CHECK(count() == 1);
  connection->rollback();  // of none
}

TEST_CASE("what runs is interrupted from another thread, and the connection goes on",
          "[sql][connection][interrupt]") {
  const SqlPlace place{each_dialect()};
  const auto connection = place.connect();
  connection->interrupt();  // nothing runs
  CHECK(connection->query("SELECT 1").rows.size() == 1);
  const std::string endless = place.is_mysql() ? "SELECT CAST(SLEEP(60) AS SIGNED)"
                                               : "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL "
                                                 "SELECT x + 1 FROM n) SELECT COUNT(*) FROM n";
  auto ended =
      std::async(std::launch::async, [&] { return code_of([&] { connection->query(endless); }); });
  while (ended.wait_for(50ms) != std::future_status::ready) connection->interrupt();
  const Code code = ended.get();
  // SLEEP() ends with 1 instead of an error.
  CHECK((code == Code::Cancelled || (place.is_mysql() && code == Code{})));
  CHECK(connection->query("SELECT 1").rows.size() == 1);
}

TEST_CASE("a statement ends at its deadline", "[sql][connection]") {
  const SqlPlace place{each_dialect()};
  const auto connection = place.connect();
  const auto now = [] { return std::chrono::steady_clock::now(); };
  connection->stop_at(now() + 100ms);
  const std::string endless =
      "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT COUNT(*) FROM n";
  const auto begun = now();
  CHECK(code_of([&] {
          if (place.is_mysql()) connection->run("SET max_recursive_iterations = 4294967295");
          connection->query(endless);
        }) == Code::DeadlineExceeded);
  CHECK(now() - begun < 10s);
  CHECK(code_of([&] {
          const auto reader = connection->stream(endless);
          sql::Block block;
          reader->read(block, 1);
        }) == Code::DeadlineExceeded);
  connection->stop_at(std::chrono::steady_clock::time_point::max());
  CHECK(connection->query("SELECT 1").rows.size() == 1);
}

TEST_CASE("a session begins with the caller's statements, and its own spelling of literals",
          "[sql][connection]") {
  SqlPlace place{Dialect::MySql};
  place.settings.on_connect = {"SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED",
                               "SET SESSION sql_mode = ''"};
  place.settings.slow_reader_timeout = 123s;
  place.settings.idle_timeout = 456s;
  place.settings.idle_transaction_timeout = 78s;
  const auto connection = place.connect();
  const auto found = connection->query(
      "SELECT @@SESSION.tx_isolation, @@SESSION.net_write_timeout, @@SESSION.wait_timeout, "
      "@@SESSION.idle_transaction_timeout, @@SESSION.sql_mode, @@SESSION.innodb_lock_wait_timeout, "
      "@@SESSION.character_set_client");
  const auto& row = found.rows.at(0);
  CHECK(std::get<std::string>(row[0]) == "READ-COMMITTED");
  CHECK(sql::integer(row[1]) == 123);
  CHECK(sql::integer(row[2]) == 456);
  CHECK(sql::integer(row[3]) == 78);
  CHECK(std::get<std::string>(row[4]).find("NO_BACKSLASH_ESCAPES") != std::string::npos);
  CHECK(sql::integer(row[5]) == 2);
  CHECK(std::get<std::string>(row[6]) == "utf8mb4");
}

TEST_CASE("a SQLite file is opened for what was asked for", "[sql][connection]") {
  SqlPlace place{Dialect::Sqlite};
  place.connect()->run("CREATE TABLE t (a INTEGER)");
  place.settings.access = sql::Settings::Access::Read;
  const auto reader = place.connect();
  CHECK(reader->is_read_only());
  CHECK(code_of([&] { reader->run("INSERT INTO t VALUES (1)"); }) == Code::Io);
  reader->begin();
  CHECK(reader->query("SELECT * FROM t").rows.empty());
  reader->commit();
  place.settings.access = sql::Settings::Access::Write;
  CHECK_FALSE(place.connect()->is_read_only());
}

TEST_CASE("threads have connections side by side, and take turns with one", "[sql][connection]") {
  const SqlPlace place{each_dialect()};
  const auto first = place.connect();
  first->run("CREATE TABLE t (a INTEGER)");
  std::vector<int> ok(4, 0);
  {
    std::vector<std::jthread> threads;
    for (std::size_t i = 0; i < ok.size(); ++i) {
      threads.emplace_back([&, i] {
        if (!failure_of([&] { place.connect()->query("SELECT * FROM t"); })) ok[i] = 1;
      });
    }
  }
  CHECK(ok == std::vector<int>(4, 1));
  bool used = false;
  std::jthread{[&] { used = !failure_of([&] { first->query("SELECT 1"); }); }}.join();
  CHECK(used);
}
