// Who may write: takeovers, frozen holders, commits whose answer is lost, servers that are killed.
#include <future>

#include <catch2/catch.hpp>

#include "tests/fixtures/tcp_proxy.hpp"
#include "tests/plugins_sql/output_fixture.hpp"

namespace sql = millrace::sql;
using namespace std::chrono_literals;
using millrace::sql::Dialect;
using millrace::test::MariaDb;
using millrace::test::TcpProxy;
using plugins_sql::Names;
using plugins_sql::OutputPlace;
using plugins_sql::people;

namespace {

using HolderClock = std::chrono::steady_clock;

constexpr const char* kFencedWindows = R"({"window": "window"})";

constexpr const char* kPatient = R"({"window": "window", "attempts": 1000})";
constexpr const char* kPatientlyOpen =
    R"({"window": "window", "transaction_bytes": 1, "attempts": 1000})";

}  // namespace

TEST_CASE("an attempt that has lost the work writes nothing more", "[sql][output][ledger]") {
  const OutputPlace place{GENERATE(Dialect::Sqlite, Dialect::MySql)};
  auto early = place.harness(kFencedWindows, {.token = 3});
  REQUIRE(early.push(people({{1, "a"}, {2, "b"}})).ok());
  auto late = place.harness(kFencedWindows, {.token = 4});
  REQUIRE(late.push(people({{1, "a"}, {2, "b"}, {3, "c"}})).ok());
  const auto refused = early.push(people({{3, "stale"}}));
  CHECK(refused.code() == MR_CONFLICT);
  CHECK_THAT(refused.message(), Catch::Contains("attempt 4"));
  CHECK(early.finish().code() == MR_CONFLICT);
  auto earlier = place.harness(kFencedWindows, {.token = 2});
  CHECK(earlier.push(people({{5, "stale"}})).code() == MR_CONFLICT);
  REQUIRE(late.finish().ok());
  CHECK(place.names() == Names{"a", "b", "c"});
  CHECK(place.row("SELECT work, holder, token, row_position, written, written_by_table FROM "
                  "millrace_ledger") ==
        Names{"harness/1/write", "harness/1/write", "4", "3", "3", R"([["people",3]])"});
}

TEST_CASE("of two jobs with one key the one that came first ends", "[sql][output][ledger]") {
  const OutputPlace place{GENERATE(Dialect::Sqlite, Dialect::MySql)};
  const std::string params = R"({"window": "window", "ledger": {"key": "w"}})";
  auto one = place.harness(params, {.job = "1", .token = 7});
  auto two = place.harness(params, {.job = "2", .token = 1});
  REQUIRE(one.push(people({{1, "a"}, {2, "b"}})).ok());
  REQUIRE(two.push(people({{1, "a"}, {2, "b"}, {3, "c"}})).ok());
  CHECK(one.push(people({{3, "c"}, {4, "d"}})).code() == MR_CONFLICT);
  REQUIRE(two.finish().ok());
  CHECK(place.names() == Names{"a", "b", "c"});
}

TEST_CASE("a holder that is frozen within a transaction is rolled back, and its rows stay out",
          "[sql][output][ledger]") {
  const OutputPlace place{Dialect::MySql};
  plugins_sql::FrozenWriter frozen{place, 2s};
  const auto begun = HolderClock::now();
  auto harness = place.harness(kFencedWindows, {.token = 2, .lease = 2s});
  REQUIRE(harness.push(people({{1, "a"}, {2, "b"}, {3, "c"}})).ok());
  CHECK(HolderClock::now() - begun < 20s);
  REQUIRE(harness.finish().ok());
  CHECK(frozen.is_refused());
  CHECK(place.names() == Names{"a", "b", "c"});
}

TEST_CASE("a transaction whose COMMIT is held while its connection is cut is made once",
          "[sql][output][ledger]") {
  OutputPlace place{Dialect::MySql};
  TcpProxy proxy{MariaDb::shared().port()};
  place.place.settings.address.port = proxy.port();
  place.place.settings.address.host = "127.0.0.1";
  const auto administrator = MariaDb::shared().administrator();
  auto harness = place.harness(kFencedWindows);
  REQUIRE(harness.push(people({{1, "a"}, {2, "b"}})).ok());
  REQUIRE(administrator->run("BACKUP STAGE START").ok());
  REQUIRE(administrator->run("BACKUP STAGE BLOCK_COMMIT").ok());
  auto pushed = std::async(std::launch::async, [&harness] {
    return harness.push(people({{3, "held"}, {4, "next"}}));
  });
  place.wait_for_session("state = 'Waiting for backup lock'");
  proxy.cut();
  place.wait_for_session("info LIKE '%FOR UPDATE%'");  // it asks the ledger
  REQUIRE(administrator->run("BACKUP STAGE END").ok());
  CHECK(pushed.get().ok());
  proxy.end_lost();
  REQUIRE(harness.finish().ok());
  CHECK(place.names() == Names{"a", "b", "held", "next"});
  CHECK(place.row("SELECT written FROM millrace_ledger") == Names{"4"});
}

TEST_CASE("a server that is killed between two transactions, or within one, costs no row",
          "[sql][output][ledger]") {
  OutputPlace place{Dialect::MySql};
  const bool is_within = GENERATE(false, true);
  auto harness = place.harness(is_within ? kPatientlyOpen : kPatient);
  REQUIRE(harness.push(people({{1, "a"}, {2, "b"}})).ok());
  MariaDb::shared().kill();
  auto pushing = std::async(std::launch::async, [&harness] {
    return harness.push(people({{2, "c"}, {3, "d"}}));
  });
  MariaDb::shared().start();
  const auto pushed = pushing.get();
  place.connection = place.place.connect();
  if (!is_within) {
    REQUIRE(pushed.ok());
    REQUIRE(harness.finish().ok());
  } else {
    // What was sent is gone here and there: the job is tried again, from its checkpoint.
    CHECK(pushed.code() == MR_UNAVAILABLE);
    auto next = place.harness(plugins_sql::kHeldOpen, {.token = 2});
    REQUIRE(next.push(people({{1, "a"}, {2, "b"}, {2, "c"}, {3, "d"}})).ok());
    REQUIRE(next.finish().ok());
  }
  CHECK(place.names() == Names{"a", "b", "c", "d"});
}

TEST_CASE("a database that stays away is an error after so many tries, and a stop ends the waiting",
          "[sql][output][ledger]") {
  OutputPlace place{Dialect::MySql};
  TcpProxy proxy{MariaDb::shared().port()};
  place.place.settings.address.port = proxy.port();
  auto harness = place.harness(R"({"attempts": 3, "attempt_wait_s": 0.1})");
  place.place.settings.address.port = 1;  // nobody listens there
  auto lost = place.harness(R"({"attempts": 3, "attempt_wait_s": 0.1})");
  CHECK(lost.push(people({{1, "a"}})).code() == MR_UNAVAILABLE);
  auto stopped = place.harness(R"({"attempts": 1000, "attempt_wait_s": 3600})");
  stopped.stop();
  CHECK(stopped.push(people({{1, "a"}})).code() == MR_CANCELLED);
  CHECK(harness.push(people({{1, "a"}})).ok());
}
