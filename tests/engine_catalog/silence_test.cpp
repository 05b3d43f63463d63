// A database that keeps silent: its connections stay open and answer nothing.
#include <atomic>
#include <future>
#include <thread>

#include <catch2/catch.hpp>

#include "engine/catalog/catalog.hpp"
#include "tests/engine_catalog/writes.hpp"
#include "tests/fixtures/catalog_place.hpp"
#include "tests/fixtures/frost.hpp"

using namespace millrace;
using namespace std::chrono_literals;
using test::CatalogPlace;
using test::Frost;
using test::Gate;
using test::must;
using test::Results;

namespace {

using SteadyClock = std::chrono::steady_clock;

Catalog::Write insert(std::string key) {
  return [key = std::move(key)](Connection& connection) -> Result<void> {
    MR_CHECK(connection.execute(
        "INSERT INTO aliases (dialect, kind, external_id, internal_id) VALUES ('d', 'k', ?, 1)",
        {key}));
    return {};
  };
}

Result<std::int64_t> count(Catalog& catalog) {
  MR_TRY(const Batch rows, catalog.query(Json{{"entity", "aliases"}}));
  return rows.rows();
}

// The first reads after a silence may still be refused, for a second.
std::int64_t count_when_back(Catalog& catalog) {
  const auto deadline = SteadyClock::now() + 30s;
  while (SteadyClock::now() < deadline) {
    if (const auto found = count(catalog); found.ok()) return *found;
    std::this_thread::yield();
  }
  return -1;
}

}  // namespace

TEST_CASE("a silent server answers nobody, and everybody hears that in time",
          "[catalog][silence]") {
  CatalogPlace place{SqlDialect::MySql};
  place.settings().busy_timeout = 1s;
  place.settings().patience = 1s;  // so a silence ends after two seconds
  const auto catalog = place.open();
  must(catalog->write_and_wait(insert("before")));
  CHECK(must(count(*catalog)) == 1);
  const auto began = SteadyClock::now();
  {
    const Frost frost;
    auto written = std::async(std::launch::async,
                              [&] { return catalog->write_and_wait(insert("meanwhile")); });
    Results results;
    catalog->write(insert("meanwhile too"), results.keep(0));
    const auto read = count(*catalog);
    REQUIRE_FALSE(read.ok());
    CHECK(read.error().code == Code::Unavailable);
    // Those who come later do not wait for the same silence.
    const auto known = SteadyClock::now();
    for (int i = 0; i < 100; ++i) CHECK_FALSE(count(*catalog).ok());
    CHECK(SteadyClock::now() - known < 5s);
    CHECK_FALSE(catalog->probe().ok());
    const auto result = written.get();
    REQUIRE_FALSE(result.ok());
    CHECK(result.error().code == Code::Unavailable);
    REQUIRE(results.wait_for(1));
    CHECK(results[0].error().code == Code::Unavailable);
  }
  CHECK(SteadyClock::now() - began < 30s);
  CHECK(catalog->write_and_wait(insert("after")).ok());
  CHECK(count_when_back(*catalog) == 2);
  CHECK(catalog->probe().ok());
}

TEST_CASE("a server may keep silent for as long as patience lasts, and two seconds at the least",
          "[catalog][silence]") {
  DatabaseSettings settings;
  settings.answer_timeout = 60s;
  settings.patience = 3s;
  CHECK(answer_time(settings) == 3s);
  settings.patience = 120s;
  CHECK(answer_time(settings) == 60s);
  settings.answer_timeout = 10ms;
  CHECK(answer_time(settings) == 2s);
}

TEST_CASE("writes wait for a server that is silent for a moment", "[catalog][silence]") {
  CatalogPlace place{SqlDialect::MySql};
  place.settings().busy_timeout = 1s;
  place.settings().patience = 120s;
  place.settings().answer_timeout = 2s;
  const auto catalog = place.open();
  must(catalog->write_and_wait(insert("before")));
  std::future<Result<void>> written;
  {
    const Frost frost;
    written = std::async(std::launch::async,
                         [&] { return catalog->write_and_wait(insert("meanwhile")); });
    const auto deadline = SteadyClock::now() + 60s;
    while (catalog->counters().retried == 0 && SteadyClock::now() < deadline)
      std::this_thread::yield();
  }
  CHECK(catalog->counters().retried > 0);
  CHECK(written.get().ok());
  CHECK(count_when_back(*catalog) == 2);
}

TEST_CASE("a read that takes too long is told apart from a server that is silent",
          "[catalog][silence]") {
  CatalogPlace place{SqlDialect::MySql};
  place.settings().busy_timeout = 1s;
  place.settings().answer_timeout = 2s;
  const auto catalog = place.open();
  int asked = 0;
  const auto slow = catalog->read([&asked](Connection& connection) -> Result<void> {
    ++asked;
    MR_CHECK(connection.query("SELECT CAST(SLEEP(5) AS SIGNED)"));
    return {};
  });
  REQUIRE_FALSE(slow.ok());
  CHECK(slow.error().code == Code::DeadlineExceeded);
  CHECK(slow.error().message.find("2 s") != std::string::npos);
  CHECK(asked == 1);  // it would take as long again
  CHECK(must(count(*catalog)) == 0);
}

TEST_CASE("a write that waits for another one's lock is not taken for a silent server",
          "[catalog][silence]") {
  CatalogPlace place{SqlDialect::MySql};
  place.settings().busy_timeout = 10s;  // more than a silence may last: cut down below it
  place.settings().patience = 120s;
  place.settings().answer_timeout = 2s;
  const auto catalog = place.open();
  must(catalog->write_and_wait(insert("a")));
  // The other one may hold its transaction open for as long as a lock may be waited for.
  place.settings().busy_timeout = 30s;
  place.settings().answer_timeout = 60s;
  const auto other = place.connect();
  must(other->begin());
  must(other->execute("UPDATE aliases SET internal_id = 2 WHERE external_id = 'a'"));
  std::atomic<int> tries{0};
  Error seen;
  auto written = std::async(std::launch::async, [&] {
    return catalog->write_and_wait([&](Connection& connection) -> Result<void> {
      ++tries;
      const auto done =
          connection.execute("UPDATE aliases SET internal_id = 3 WHERE external_id = 'a'");
      if (done.ok()) return {};
      seen = done.error();
      return done.error();
    });
  });
  const auto deadline = SteadyClock::now() + 60s;
  while (tries < 2 && SteadyClock::now() < deadline) std::this_thread::yield();
  must(other->rollback());
  CHECK(written.get().ok());
  CHECK(seen.code == Code::Unavailable);
  CHECK(seen.message.find("1205") != std::string::npos);
}

TEST_CASE("a write that has not begun when its time is over is taken back, and never made",
          "[catalog][silence]") {
  CatalogPlace place{SqlDialect::Sqlite};
  place.settings().patience = 10ms;  // and two seconds for an answer
  const auto catalog = place.open();
  Gate gate;
  Results results;
  catalog->write(gate.write(), results.keep(0));
  REQUIRE(gate.wait_until_entered());
  bool was_called = false;
  const auto written = catalog->write_and_wait([&was_called](Connection&) -> Result<void> {
    was_called = true;
    return {};
  });
  REQUIRE_FALSE(written.ok());
  CHECK(written.error().code == Code::Unavailable);
  CHECK(written.error().message.find("was not made") != std::string::npos);
  CHECK(catalog->counters().queued == 0);
  gate.open();
  REQUIRE(results.wait_for(1));
  must(catalog->write_and_wait(insert("behind")));
  CHECK_FALSE(was_called);
}

TEST_CASE("a write whose batch is held up when its time is over is left out of it",
          "[catalog][silence]") {
  CatalogPlace place{SqlDialect::Sqlite};
  place.settings().patience = 10ms;
  const auto catalog = place.open();
  Gate first, second;
  Results results;
  catalog->write(first.write(), results.keep(0));
  REQUIRE(first.wait_until_entered());
  auto written = std::async(std::launch::async,
                            [&] { return catalog->write_and_wait(insert("in the batch")); });
  while (catalog->counters().queued == 0) std::this_thread::yield();
  catalog->write(second.write(), results.keep(1));
  first.open();
  REQUIRE(second.wait_until_entered());  // behind the write, in the same transaction
  const auto result = written.get();
  REQUIRE_FALSE(result.ok());
  CHECK(result.error().message.find("was not made") != std::string::npos);
  second.open();
  REQUIRE(results.wait_for(2));
  CHECK(results[1].ok());
  CHECK(must(count(*catalog)) == 0);
}
