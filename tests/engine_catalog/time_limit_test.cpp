// The time that a thread has for what it asks of the catalog, and a server that takes longer.
#include "engine/catalog/time_limit.hpp"

#include <atomic>
#include <future>

#include <catch2/catch.hpp>

#include "tests/engine_catalog/filled.hpp"
#include "tests/engine_catalog/writes.hpp"

using namespace millrace;
using namespace std::chrono_literals;
using test::CatalogPlace;
using test::Filled;
using test::Gate;
using test::must;
using test::Results;
using test::where;

namespace {

using SteadyClock = std::chrono::steady_clock;

// Far below the answer time of ten seconds, with sanitizers and a busy machine.
constexpr auto kSoon = 4s;

Catalog::Write rename(std::string_view name) {
  return [name = std::string{name}](Connection& connection) -> Result<void> {
    MR_CHECK(connection.execute("UPDATE projects SET name = ? WHERE id = 1", {name}));
    return {};
  };
}

}  // namespace

TEST_CASE("the nearest limit of a thread counts, and ends with its scope",
          "[catalog][time_limit]") {
  const auto now = SteadyClock::now();
  CHECK(CatalogTimeLimit::of_this_thread() == SteadyClock::time_point::max());
  {
    const CatalogTimeLimit outer{now + 1s};
    const CatalogTimeLimit later{now + 2s};
    CHECK(CatalogTimeLimit::of_this_thread() == now + 1s);
    {
      const CatalogTimeLimit sooner{now};
      CHECK(CatalogTimeLimit::of_this_thread() == now);
    }
    CHECK(CatalogTimeLimit::of_this_thread() == now + 1s);
    CHECK(std::async(std::launch::async, &CatalogTimeLimit::of_this_thread).get() ==
          SteadyClock::time_point::max());
  }
  CHECK(CatalogTimeLimit::of_this_thread() == SteadyClock::time_point::max());
}

TEST_CASE("a statement of a server ends with the time of who asks, and its connection stays good",
          "[catalog][time_limit]") {
  const CatalogPlace place{SqlDialect::MySql};
  const auto connection = place.connect();
  const auto wait = [&](int seconds) {
    return connection->query("SELECT COUNT(*) FROM information_schema.COLUMNS WHERE SLEEP(?) = 0",
                             {std::int64_t{seconds}});
  };
  const auto session = integer(must(connection->query("SELECT CONNECTION_ID()")).rows[0][0]);
  const auto began = SteadyClock::now();
  connection->stop_at(began + 300ms);
  const auto slow = wait(30);
  CHECK(SteadyClock::now() - began < kSoon);
  REQUIRE_FALSE(slow.ok());
  CHECK(slow.error().code == Code::DeadlineExceeded);
  const auto late = connection->query("SELECT 1");  // it has no time left at all
  REQUIRE_FALSE(late.ok());
  CHECK(late.error().code == Code::DeadlineExceeded);
  connection->stop_at(SteadyClock::time_point::max());
  CHECK(must(connection->query("SELECT SLEEP(0.7)")).rows.size() == 1);
  CHECK(integer(must(connection->query("SELECT CONNECTION_ID()")).rows[0][0]) == session);
}

TEST_CASE("statements of a request do not tell the server its time again and again",
          "[catalog][time_limit]") {
  const CatalogPlace place{SqlDialect::MySql};
  const auto connection = place.connect();
  const auto limit = [&] {
    const auto found =
        must(connection->query("SELECT CAST(@@SESSION.max_statement_time * 1000 AS SIGNED)"));
    return integer(found.rows[0][0]);
  };
  CHECK(limit() == 0);
  const auto now = SteadyClock::now();
  connection->stop_at(now + 1h);  // more than a statement has anyway
  CHECK(limit() == 0);
  connection->stop_at(now + 5s);
  CHECK(limit() == 5'000);
  connection->stop_at(now + 4'900ms);
  CHECK(limit() == 5'000);
  connection->stop_at(SteadyClock::time_point::max());
  CHECK(limit() == 0);
}

TEST_CASE("reads and changes end with the limit of their thread", "[catalog][time_limit]") {
  Filled filled{SqlDialect::MySql};
  auto& catalog = *filled.catalog;
  const auto other = filled.place.connect();
  const auto refused = [](const auto& work) {
    const auto began = SteadyClock::now();
    const CatalogTimeLimit limit{began + 400ms};
    const auto done = work();
    CHECK(SteadyClock::now() - began < kSoon);
    REQUIRE_FALSE(done.ok());
    CHECK(done.error().code == Code::DeadlineExceeded);
    return done.error().message;
  };
  SECTION("a read of a table that somebody has locked") {
    must(other->run("LOCK TABLES projects WRITE"));
    refused([&] { return catalog.query({{"entity", "projects"}}); });
    must(other->run("UNLOCK TABLES"));
    CHECK(filled.count("projects") == 1);
  }
  SECTION("a change of a row that somebody has locked, and others of its transaction go on") {
    must(other->begin());
    must(other->execute("UPDATE projects SET name = 'other' WHERE id = 1"));
    Gate gate;
    Results results;
    catalog.write(gate.write(), results.keep(0));
    REQUIRE(gate.wait_until_entered());
    auto written = std::async(std::launch::async, [&] {
      return refused([&] { return catalog.write_and_wait(rename("mine")); });
    });
    while (catalog.counters().queued == 0) std::this_thread::yield();
    catalog.write(
        [](Connection& connection) -> Result<void> {
          MR_CHECK(connection.execute("UPDATE workspaces SET name = 'beside' WHERE id = 1"));
          return {};
        },
        results.keep(1));
    gate.open();
    CHECK_FALSE(written.get().empty());
    REQUIRE(results.wait_for(2));
    CHECK(results[1].ok());
    CHECK(filled.names("workspaces") == "beside");
    must(other->rollback());
    must(catalog.write_and_wait(rename("later")));
    CHECK(filled.names("projects") == "later");
  }
}

TEST_CASE("a write whose turn does not come in time is not made, and says so",
          "[catalog][time_limit]") {
  Filled filled{SqlDialect::Sqlite};
  Gate gate;
  Results results;
  filled.catalog->write(gate.write(), results.keep(0));
  REQUIRE(gate.wait_until_entered());
  {
    const CatalogTimeLimit limit{SteadyClock::now() + 50ms};
    const auto refused = filled.catalog->write_and_wait(rename("never"));
    REQUIRE_FALSE(refused.ok());
    CHECK(refused.error().code == Code::DeadlineExceeded);
    CHECK(refused.error().message.find("was not made") != std::string::npos);
  }
  gate.open();
  REQUIRE(results.wait_for(1));
  must(filled.catalog->write_and_wait([](Connection&) -> Result<void> { return {}; }));
  CHECK(filled.names("projects") == "Digits");
}
