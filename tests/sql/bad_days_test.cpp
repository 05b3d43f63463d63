// A server that is killed, frozen, full or slow, and readers that are.
#include <chrono>
#include <thread>
#include <vector>

#include <catch2/catch.hpp>

#include <millrace/sql/connection.hpp>

#include "tests/fixtures/frost.hpp"
#include "tests/sql/place.hpp"

namespace sql = millrace::sql;
namespace test = millrace::test;
using namespace std::chrono_literals;
using millrace::sql::Code;
using millrace::sql::Dialect;
using millrace::test::code_of;
using millrace::test::failure_of;
using millrace::test::Frost;
using millrace::test::MariaDb;
using millrace::test::SqlPlace;

namespace {

using SteadyClock = std::chrono::steady_clock;

// More than the buffers between server and client hold.
constexpr const char* kManyRows = "SELECT seq, REPEAT('x', 100) FROM seq_1_to_400000";
constexpr std::int64_t kMany = 400'000;

std::int64_t read_all(sql::Reader& reader) {
  sql::Block block;
  std::int64_t rows = 0;
  while (reader.read(block, 10'000)) rows += block.rows();
  return rows;
}

std::int64_t id_of(sql::Connection& connection) {
  return sql::integer(connection.query("SELECT CONNECTION_ID()").rows.at(0)[0]);
}

}  // namespace

TEST_CASE("a query that is killed amid its stream is an error and not the end",
          "[sql][stream][bad]") {
  const SqlPlace place{Dialect::MySql};
  const auto connection = place.connect();
  const auto other = place.connect();
  const auto id = std::to_string(id_of(*connection));
  SECTION("the query") {
    const auto reader = connection->stream(kManyRows);
    sql::Block block;
    REQUIRE(reader->read(block, 10));
    other->run("KILL QUERY " + id);
    const auto failure = failure_of([&] { read_all(*reader); });
    REQUIRE(failure);
    CHECK(failure->code() == Code::Unavailable);
    CHECK(failure->origin().number == 1317);
    CHECK_FALSE(failure->origin().ends_session);
  }
  SECTION("by us") {
    const auto reader = connection->stream(kManyRows);
    connection->interrupt();
    CHECK(code_of([&] { read_all(*reader); }) == Code::Cancelled);
  }
  SECTION("by its time") {
    connection->stop_at(SteadyClock::now() + 200ms);
    const auto reader = connection->stream("SELECT seq FROM seq_1_to_4000000000");
    CHECK(code_of([&] { read_all(*reader); }) == Code::DeadlineExceeded);
    connection->stop_at(SteadyClock::time_point::max());
  }
  SECTION("the connection") {
    const auto reader = connection->stream(kManyRows);
    other->run("KILL " + id);
    const auto failure = failure_of([&] { read_all(*reader); });
    REQUIRE(failure);
    CHECK(failure->code() == Code::Unavailable);
  }
  CHECK(connection->query("SELECT 1").rows.size() == 1);
}

TEST_CASE("a server that is killed amid a stream is an error, and one that is back serves again",
          "[sql][stream][bad]") {
  const SqlPlace place{Dialect::MySql};
  const auto connection = place.connect();
  const auto writer = place.connect();
  writer->run("CREATE TABLE t (a INTEGER)");
  writer->begin();
  writer->execute("INSERT INTO t VALUES (1)");
  const auto reader = connection->stream(kManyRows);
  sql::Block block;
  REQUIRE(reader->read(block, 10));
  MariaDb::shared().kill();
  const auto failure = failure_of([&] { read_all(*reader); });
  const auto lost = failure_of([&] { writer->execute("INSERT INTO t VALUES (2)"); });
  const auto away = failure_of([&] { connection->query("SELECT 1"); });
  MariaDb::shared().start();
  REQUIRE(failure);
  CHECK(failure->code() == Code::Unavailable);
  CHECK(failure->origin().ends_session);
  REQUIRE(lost);
  CHECK(lost->code() == Code::Unavailable);
  REQUIRE(away);
  CHECK(away->code() == Code::Unavailable);
  CHECK(connection->query("SELECT 1").rows.size() == 1);
  // What is left of a transaction reaches no new session.
  CHECK(code_of([&] { writer->execute("INSERT INTO t VALUES (3)"); }) == Code::Unavailable);
  CHECK(code_of([&] { writer->commit(); }) == Code::Unavailable);
  writer->rollback();
  CHECK(connection->query("SELECT * FROM t").rows.empty());
  writer->begin();
  writer->execute("INSERT INTO t VALUES (4)");
  writer->commit();
  CHECK(connection->query("SELECT * FROM t").rows.size() == 1);
}

TEST_CASE("a server that keeps silent costs the time that was set", "[sql][bad]") {
  SqlPlace place{Dialect::MySql};
  place.settings.read_timeout = place.settings.write_timeout = place.settings.connect_timeout = 1s;
  const auto connection = place.connect();
  const auto streamed = place.connect();
  const auto reader = streamed->stream(kManyRows);
  sql::Block block;
  REQUIRE(reader->read(block, 10));
  const Frost frost;
  const auto begun = SteadyClock::now();
  CHECK(code_of([&] { connection->query("SELECT 1"); }) == Code::Unavailable);
  CHECK(code_of([&] { read_all(*reader); }) == Code::Unavailable);
  CHECK(code_of([&] { place.connect(); }) == Code::Unavailable);
  connection->interrupt();
  CHECK(SteadyClock::now() - begun < 30s);
}

TEST_CASE("a silent server is waited for as long as a connection says", "[sql][bad]") {
  SqlPlace place{Dialect::MySql};
  place.settings.read_timeout = 1s;
  CHECK(code_of([&] { place.connect()->query("SELECT CAST(SLEEP(3) AS SIGNED)"); }) ==
        Code::Unavailable);
  place.settings.read_timeout = 60s;
  CHECK(code_of([&] { place.connect()->query("SELECT CAST(SLEEP(3) AS SIGNED)"); }) == Code{});
}

TEST_CASE("a slow reader is waited for as long as a connection says", "[sql][stream][bad]") {
  SqlPlace place{Dialect::MySql};
  const auto other = place.connect();
  const auto is_connected = [&](std::int64_t id) {
    return !other->query("SELECT 1 FROM information_schema.PROCESSLIST WHERE ID = ?", {id})
                .rows.empty();
  };
  place.settings.slow_reader_timeout = 1s;
  const auto hasty = place.connect();
  const auto id = id_of(*hasty);
  const auto refused = hasty->stream(kManyRows);
  place.settings.slow_reader_timeout = 600s;
  const auto patient = place.connect();
  const auto reader = patient->stream(kManyRows);
  const auto deadline = SteadyClock::now() + 60s;
  while (is_connected(id) && SteadyClock::now() < deadline) std::this_thread::sleep_for(20ms);
  CHECK(code_of([&] { read_all(*refused); }) == Code::Unavailable);
  CHECK(read_all(*reader) == kMany);
}

TEST_CASE("a lock that is not to be had is told in its time", "[sql][bad]") {
  const SqlPlace place{GENERATE(Dialect::Sqlite, Dialect::MySql)};
  auto settings = place.settings;
  settings.lock_timeout = 1s;
  const auto holder = place.connect();
  const auto other = sql::connect(settings);
  holder->run("CREATE TABLE t (a INTEGER PRIMARY KEY)");
  holder->execute("INSERT INTO t VALUES (1)");
  holder->begin();
  holder->execute("UPDATE t SET a = 2 WHERE a = 1");
  CHECK(code_of([&] { other->execute("UPDATE t SET a = 3 WHERE a = 1"); }) == Code::Unavailable);
  holder->rollback();
  CHECK(other->execute("UPDATE t SET a = 3 WHERE a = 1") == 1);
}

TEST_CASE("a holder that stands still within a transaction is rolled back by the server",
          "[sql][bad]") {
  SqlPlace place{Dialect::MySql};
  const auto other = place.connect();
  other->run("CREATE TABLE t (a INTEGER PRIMARY KEY)");
  other->execute("INSERT INTO t VALUES (1)");
  place.settings.idle_timeout = 1s;
  const auto holder = place.connect();
  holder->begin();
  holder->execute("UPDATE t SET a = 2 WHERE a = 1");
  const auto deadline = SteadyClock::now() + 30s;
  while (failure_of([&] { other->execute("UPDATE t SET a = 3 WHERE a = 1"); }) &&
         SteadyClock::now() < deadline) {
  }
  CHECK(code_of([&] { holder->commit(); }) == Code::Unavailable);
  CHECK(sql::integer(other->query("SELECT a FROM t").rows.at(0)[0]) == 3);
}

TEST_CASE("a server that takes no more connections, or no more writes, says that it passes",
          "[sql][bad]") {
  const SqlPlace place{Dialect::MySql};
  const auto first = place.connect();
  first->run("CREATE TABLE t (a INTEGER)");
  const auto before = sql::integer(first->query("SELECT @@GLOBAL.max_connections").rows.at(0)[0]);
  first->run("SET GLOBAL max_connections = 10");
  std::vector<std::unique_ptr<sql::Connection>> more;
  const Code full = code_of([&] {
    for (int i = 0; i < 20; ++i) more.push_back(place.connect());
  });
  first->run("SET GLOBAL max_connections = " + std::to_string(before));
  CHECK(full == Code::Unavailable);
}
