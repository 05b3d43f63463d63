#include <atomic>
#include <future>
#include <thread>

#include <catch2/catch.hpp>

#include "engine/catalog/catalog.hpp"
#include "tests/fixtures/catalog_place.hpp"
#include "tests/fixtures/mariadb.hpp"

using namespace millrace;
using namespace std::chrono_literals;
using test::CatalogPlace;
using test::MariaDb;
using test::must;

namespace {

Catalog::Write insert(std::string key) {
  return [key = std::move(key)](Connection& connection) -> Result<void> {
    MR_CHECK(connection.execute(
        "INSERT INTO aliases (dialect, kind, external_id, internal_id) VALUES ('d', 'k', ?, 1)",
        {key}));
    return {};
  };
}

std::int64_t count(Catalog& catalog) {
  return must(catalog.query(Json{{"entity", "aliases"}})).rows();
}

// Waits until the writer has noticed that the database is away.
bool wait_for_retry(const Catalog& catalog) {
  const auto deadline = std::chrono::steady_clock::now() + 60s;
  while (catalog.counters().retried == 0) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::yield();
  }
  return true;
}

}  // namespace

TEST_CASE("writes wait for a server that comes back, and reads work again", "[catalog][outage]") {
  CatalogPlace place{SqlDialect::MySql};
  place.settings().patience = 120s;
  const auto catalog = place.open();
  must(catalog->write_and_wait(insert("before")));
  CHECK(count(*catalog) == 1);
  MariaDb::shared().kill();
  const auto read = catalog->query(Json{{"entity", "aliases"}});
  REQUIRE_FALSE(read.ok());
  CHECK(read.error().code == Code::Unavailable);
  auto written =
      std::async(std::launch::async, [&] { return catalog->write_and_wait(insert("meanwhile")); });
  CHECK(wait_for_retry(*catalog));
  MariaDb::shared().start();
  CHECK(written.get().ok());
  CHECK(count(*catalog) == 2);
  CHECK(catalog->write_and_wait(insert("after")).ok());
  CHECK(count(*catalog) == 3);
}

TEST_CASE("writes fail with Unavailable when the server stays away, and work when it is back",
          "[catalog][outage]") {
  CatalogPlace place{SqlDialect::MySql};
  place.settings().patience = 100ms;
  const auto catalog = place.open();
  must(catalog->write_and_wait(insert("before")));
  MariaDb::shared().kill();
  const auto written = catalog->write_and_wait(insert("lost"));
  REQUIRE_FALSE(written.ok());
  CHECK(written.error().code == Code::Unavailable);
  const auto retried = catalog->counters().retried;
  CHECK_FALSE(catalog->write_and_wait(insert("lost too")).ok());
  CHECK(catalog->counters().retried == retried);  // told at once, after one has waited in vain
  MariaDb::shared().start();
  CHECK(catalog->write_and_wait(insert("after")).ok());
  CHECK(count(*catalog) == 2);
}

TEST_CASE("a transaction whose connection is lost is not continued on a new one",
          "[catalog][outage]") {
  const CatalogPlace place{SqlDialect::MySql};
  const auto catalog = place.open();
  const auto connection = place.connect();
  must(connection->begin());
  must(insert("within")(*connection));
  MariaDb::shared().kill();
  MariaDb::shared().start();
  CHECK_FALSE(insert("first after")(*connection).ok());
  const auto second = insert("second after")(*connection);
  REQUIRE_FALSE(second.ok());
  CHECK(second.error().code == Code::Unavailable);
  CHECK_FALSE(connection->commit().ok());
  must(connection->rollback());
  CHECK(insert("alone")(*connection).ok());
  CHECK(count(*catalog) == 1);
}

TEST_CASE("opening a catalog whose server is away says so", "[catalog][outage]") {
  const CatalogPlace place{SqlDialect::MySql};
  MariaDb::shared().kill();
  const auto opened = Catalog::open(place.settings(), system_clock());
  MariaDb::shared().start();
  REQUIRE_FALSE(opened.ok());
  CHECK(opened.error().code == Code::Unavailable);
  CHECK(opened.error().message.find("127.0.0.1") != std::string::npos);
}

TEST_CASE("writes wait while another program holds the lock of the file", "[catalog][outage]") {
  CatalogPlace place{SqlDialect::Sqlite};
  place.settings().busy_timeout = 1ms;
  place.settings().patience = 120s;
  const auto catalog = place.open();
  const auto other = place.connect();
  must(other->begin());
  auto written =
      std::async(std::launch::async, [&] { return catalog->write_and_wait(insert("waiting")); });
  CHECK(wait_for_retry(*catalog));
  CHECK(count(*catalog) == 0);  // readers are not held up
  must(other->rollback());
  CHECK(written.get().ok());
  CHECK(count(*catalog) == 1);
}

TEST_CASE("writes fail with Unavailable when the file stays locked, and closing does not hang",
          "[catalog][outage]") {
  CatalogPlace place{SqlDialect::Sqlite};
  place.settings().busy_timeout = 1ms;
  place.settings().patience = 50ms;
  auto catalog = place.open();
  const auto other = place.connect();
  must(other->begin());
  const auto written = catalog->write_and_wait(insert("lost"));
  REQUIRE_FALSE(written.ok());
  CHECK(written.error().code == Code::Unavailable);
  std::atomic<int> failed{0};
  for (int i = 0; i < 1'000; ++i) {
    catalog->write(insert(std::to_string(i)),
                   [&failed](const Result<void>& result) { failed += result.ok() ? 0 : 1; });
  }
  catalog.reset();
  CHECK(failed == 1'000);
}

TEST_CASE("a clock that stands still does not make waiting endless", "[catalog][outage]") {
  CatalogPlace place{SqlDialect::Sqlite};
  place.settings().busy_timeout = 1ms;
  place.settings().patience = 50ms;
  const ManualClock clock;
  const auto catalog = place.open(clock);
  const auto other = place.connect();
  must(other->begin());
  CHECK_FALSE(catalog->write_and_wait(insert("lost")).ok());
}
