// What a transaction of output.sql holds, for how long, and who waits for it.
#include <chrono>
#include <fstream>
#include <future>
#include <sstream>
#include <string>
#include <thread>

#include <catch2/catch.hpp>

#include "tests/fixtures/frost.hpp"
#include "tests/fixtures/mariadb.hpp"
#include "tests/plugins_sql/output_fixture.hpp"

#include <fmt/format.h>

namespace sql = millrace::sql;
using namespace std::chrono_literals;
using millrace::sql::Dialect;
using millrace::test::Frost;
using millrace::test::MariaDb;
using plugins_sql::FrozenWriter;
using plugins_sql::kHeldOpen;
using plugins_sql::Names;
using plugins_sql::OutputPlace;
using plugins_sql::people;

namespace {

using LockClock = std::chrono::steady_clock;

constexpr const char* kLockedWindows = R"({"window": "window"})";
constexpr const char* kImpatient = R"({"window": "window", "attempts": 1, "attempt_wait_s": 0.1})";
constexpr const char* kWideWindows =
    R"json({"window": "window", "transaction_bytes": 1, "create": {"columns": [
      {"name": "task", "type": "varchar(32)"}, {"name": "name", "type": "longtext"},
      {"name": "born", "type": "datetime"}, {"name": "score", "type": "double"}], "indexes": null}})json";
constexpr const char* kGuardedWindows =
    R"({"window": "window", "guard": {"table": "state", "key": {"id": "t1"}, "unless": {"stat": "BREAK"},
        "set": {"stat": "RUN"}}})";
constexpr const char* kGuardedOpen =
    R"({"window": "window", "transaction_bytes": 1, "guard": {"table": "state", "key": {"id": "t1"},
        "unless": {"stat": "BREAK"}, "set": {"stat": "RUN"}}})";

void make_state(const OutputPlace& place) {
  place.connection->run("CREATE TABLE state (id VARCHAR(10) PRIMARY KEY, stat VARCHAR(10))");
  place.connection->run("INSERT INTO state VALUES ('t1', 'RUN')");
}

// Waits until bytes for a port of this machine stand on this side, as it takes none. A line of
// /proc/net/tcp has, all hexadecimal, the address of the other side and how much was not taken yet:
// "0: 0100007F:9C40 0100007F:0CEA 01 00270F80:00000000".
void wait_until_full(int port) {
  constexpr std::size_t kPortDigits = 4, kBytesDigits = 8, kMany = std::size_t{64} << 10;
  const auto deadline = LockClock::now() + 60s;
  while (LockClock::now() < deadline) {
    std::ifstream sockets{"/proc/net/tcp"};
    std::string line;
    std::getline(sockets, line);
    while (std::getline(sockets, line)) {
      std::istringstream words{line};
      std::string number, ours, other, state, waiting;
      words >> number >> ours >> other >> state >> waiting;
      const auto other_port = std::stoi(other.substr(other.size() - kPortDigits), nullptr, 16);
      if (other_port == port && std::stoul(waiting.substr(0, kBytesDigits), nullptr, 16) > kMany)
        return;
    }
    std::this_thread::sleep_for(5ms);
  }
  FAIL("the way to the server does not fill");
}

}  // namespace

TEST_CASE("a server waits one lease for whoever is within a transaction, whatever it is at",
          "[sql][output][locks]") {
  const OutputPlace place{Dialect::MySql};
  REQUIRE(place.harness().finish().ok());  // makes the table
  place.connection->run(
      "CREATE TRIGGER told BEFORE INSERT ON people FOR EACH ROW SET NEW.name = CONCAT_WS(' ', "
      "@@wait_timeout, @@idle_transaction_timeout, @@net_read_timeout)");
  auto harness = place.harness(kLockedWindows, {.job = "2", .lease = 7s});
  REQUIRE(harness.push(people({{1, "a"}})).ok());
  REQUIRE(harness.finish().ok());
  CHECK(place.names() == Names{"7 7 7"});
}

TEST_CASE("a holder that is frozen amid a statement is rolled back, and its rows stay out",
          "[sql][output][locks]") {
  const OutputPlace place{Dialect::MySql};
  constexpr std::size_t kMoreThanBuffers = std::size_t{14} << 20;
  FrozenWriter frozen{place, 2s, kWideWindows, kMoreThanBuffers};
  {
    const Frost frost;
    frozen.thaw();
    wait_until_full(MariaDb::shared().port());
    frozen.freeze();
  }
  const auto begun = LockClock::now();
  auto harness = place.harness(kWideWindows, {.token = 2, .lease = 2s});
  REQUIRE(harness.push(people({{1, "a"}, {2, "b"}, {3, "c"}})).ok());
  CHECK(LockClock::now() - begun < 20s);
  REQUIRE(harness.finish().ok());
  CHECK(frozen.is_refused());
  CHECK(place.names() == Names{"a", "b", "c"});
}

TEST_CASE("a takeover waits two leases for a lock, and not for ever", "[sql][output][locks]") {
  const OutputPlace place{Dialect::MySql};
  REQUIRE(place.harness().finish().ok());  // makes the ledger
  place.connection->begin();
  place.connection->query("SELECT work FROM millrace_ledger FOR UPDATE");
  const auto begun = LockClock::now();
  auto harness = place.harness(kImpatient, {.token = 2, .lease = 3s});
  const auto refused = harness.push(people({{1, "a"}}));
  CHECK(refused.code() == MR_UNAVAILABLE);
  CHECK(LockClock::now() - begun >= 6s);
  CHECK(LockClock::now() - begun < 30s);
  place.connection->rollback();
  auto next = place.harness(kImpatient, {.token = 3, .lease = 3s});
  REQUIRE(next.push(people({{1, "a"}})).ok());
  REQUIRE(next.finish().ok());
  CHECK(place.names() == Names{"a"});
}

TEST_CASE("a file of SQLite is locked by a process that is frozen, until it goes",
          "[sql][output][locks]") {
  const OutputPlace place{Dialect::Sqlite};
  {
    const FrozenWriter frozen{place, 1s};
    auto harness = place.harness(kImpatient, {.token = 2, .lease = 1s});
    const auto refused = harness.push(people({{1, "a"}}));
    CHECK(refused.code() == MR_UNAVAILABLE);
    CHECK_THAT(refused.message(), Catch::Contains("another program holds its lock"));
  }
  auto harness = place.harness(kLockedWindows, {.token = 3, .lease = 1s});
  REQUIRE(harness.push(people({{1, "a"}, {2, "b"}})).ok());
  REQUIRE(harness.finish().ok());
  CHECK(place.names() == Names{"a", "b"});
}

TEST_CASE("a transaction whose session is ended at its COMMIT is made again",
          "[sql][output][locks]") {
  const OutputPlace place{Dialect::MySql};
  const auto administrator = MariaDb::shared().administrator();
  auto harness = place.harness(kLockedWindows);
  REQUIRE(harness.push(people({{1, "a"}, {2, "b"}})).ok());
  REQUIRE(administrator->run("BACKUP STAGE START").ok());
  REQUIRE(administrator->run("BACKUP STAGE BLOCK_COMMIT").ok());
  auto pushed = std::async(std::launch::async, [&harness] {
    return harness.push(people({{3, "held"}, {4, "next"}}));
  });
  constexpr const char* kHeld = "state = 'Waiting for backup lock'";
  place.wait_for_session(kHeld);
  const auto session = place.row(fmt::format(
      "SELECT id FROM information_schema.processlist WHERE db = DATABASE() AND {}", kHeld));
  REQUIRE(administrator->run("KILL " + session.at(0)).ok());
  place.wait_for_session(fmt::format("id <> {} AND {}", session.at(0), kHeld));
  REQUIRE(administrator->run("BACKUP STAGE END").ok());
  const auto status = pushed.get();
  INFO(status.message());
  CHECK(status.ok());
  REQUIRE(harness.finish().ok());
  CHECK(place.names() == Names{"a", "b", "held", "next"});
  CHECK(place.row("SELECT written, commits FROM millrace_ledger") == Names{"4", "3"});
}

TEST_CASE("what a server undoes for a deadlock is written again from memory",
          "[sql][output][locks]") {
  const OutputPlace place{Dialect::MySql};
  make_state(place);
  place.connection->run("CREATE TABLE weight (n INT)");
  auto harness = place.harness(kGuardedWindows);
  REQUIRE(harness.push(people({{1, "a"}, {2, "b"}})).ok());
  // Whoever has changed less is undone, so it changes much, and locks what the other wants last.
  const auto other = place.place.connect();
  other->begin();
  other->run("INSERT INTO weight SELECT seq FROM seq_1_to_5000");
  other->query("SELECT id FROM state FOR UPDATE");
  auto pushed = std::async(std::launch::async, [&harness] {
    return harness.push(people({{3, "c"}, {4, "d"}}));
  });
  place.wait_for_session("info LIKE '%state%FOR UPDATE%' AND command <> 'Sleep'");
  other->query("SELECT work FROM millrace_ledger FOR UPDATE");
  other->commit();
  const auto status = pushed.get();
  INFO(status.message());
  CHECK(status.ok());
  REQUIRE(harness.finish().ok());
  CHECK(place.names() == Names{"a", "b", "c", "d"});
  CHECK(place.row("SELECT written FROM millrace_ledger") == Names{"4"});
}

TEST_CASE("a guard whose row stays as it is lets the rows pass", "[sql][output][locks]") {
  const OutputPlace place{GENERATE(Dialect::Sqlite, Dialect::MySql)};
  make_state(place);
  auto harness = place.harness(kGuardedWindows);
  REQUIRE(harness.push(people({{1, "a"}, {2, "b"}, {3, "c"}})).ok());
  REQUIRE(harness.finish().ok());
  CHECK(place.names() == Names{"a", "b", "c"});
}

TEST_CASE("whoever wants to stop a job does not wait for its transaction", "[sql][output][locks]") {
  const OutputPlace place{Dialect::MySql};
  make_state(place);
  auto harness = place.harness(kGuardedOpen);
  harness.answer_catalog([](std::string_view) { return millrace::Batch{}; });
  REQUIRE(harness.push(people({{1, "a"}, {2, "b"}})).ok());
  CHECK(place.names() == Names{"a"});  // the second one is in the transaction that is open
  auto stopping = place.place.settings;
  stopping.lock_timeout = 1s;
  CHECK(sql::connect(stopping)->execute("UPDATE state SET stat = 'BREAK'") == 1);
  CHECK(harness.push(people({{3, "c"}})).code() == MR_CANCELLED);
  CHECK(place.names() == Names{"a"});
  CHECK(place.row("SELECT stat FROM state") == Names{"BREAK"});
}
