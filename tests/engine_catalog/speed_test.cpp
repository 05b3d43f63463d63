#include <atomic>
#include <thread>

#include <catch2/catch.hpp>

#include "engine/catalog/catalog.hpp"
#include "tests/fixtures/catalog_place.hpp"
#include "tests/fixtures/mariadb.hpp"
#include "tests/unsynced.hpp"

#include <fmt/format.h>

using namespace millrace;
using test::CatalogPlace;
using test::must;

// Prints figures for docs/catalog.md; hidden, since a loaded machine or a sanitizer tells nothing
// about them.
TEST_CASE("figures: durable writes and point reads", "[.measure]") {
  using Seconds = std::chrono::duration<double>;
  const auto kind = GENERATE(SqlDialect::Sqlite, SqlDialect::MySql);
  const char* name = kind == SqlDialect::Sqlite ? "sqlite" : "mariadb";
  test::wait_for_disk();
  test::MariaDb::shared(test::MariaDb::Writes::Synced);
  const CatalogPlace place{kind};
  const auto catalog = place.open();
  constexpr int kThreads = 64;
  constexpr int kEach = 100;
  auto began = std::chrono::steady_clock::now();
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < kThreads; ++t) {
      threads.emplace_back([&, t] {
        for (int i = 0; i < kEach; ++i) {
          static_cast<void>(catalog->write_and_wait(
              [key = fmt::format("{}/{}", t, i)](Connection& connection) -> Result<void> {
                MR_CHECK(
                    connection.execute("INSERT INTO aliases (dialect, kind, external_id, "
                                       "internal_id) VALUES ('d', 'k', ?, 1)",
                                       {key}));
                return {};
              }));
        }
      });
    }
  }
  const double took = Seconds(std::chrono::steady_clock::now() - began).count();
  const auto counters = catalog->counters();
  fmt::print("{}: {:.0f} durable writes/s from {} threads, {:.1f} writes per commit\n", name,
             kThreads * kEach / took, kThreads,
             static_cast<double>(counters.writes) / static_cast<double>(counters.commits));
  must(catalog->write_and_wait([](Connection& connection) -> Result<void> {
    MR_CHECK(connection.execute(
        "INSERT INTO jobs (dialect, external_id, owner, queue, name, priority, state, stop_reason, "
        "created_us, started_us, "
        "finished_us, updated_us, not_before_us, deadline_us, attempt, failures, crashes, "
        "max_attempts, token, "
        "lease_holder, lease_until_us, last_event, pipeline, rights) VALUES ('engine', '1', '', "
        "'default', 'x', 0, "
        "'queued', 'none', 1, 0, 0, 0, 0, 0, 0, 0, 0, 3, 0, '', 0, 0, '{\"ops\":[]}', '{}')"));
    return {};
  }));
  const auto measure = [&](std::string_view what, const Json& query) {
    constexpr int kReads = 20'000;
    for (int i = 0; i < 100; ++i) static_cast<void>(catalog->query(query));
    began = std::chrono::steady_clock::now();
    std::int64_t rows = 0;
    for (int i = 0; i < kReads; ++i) rows += must(catalog->query(query)).rows();
    const double each = Seconds(std::chrono::steady_clock::now() - began).count() / kReads;
    REQUIRE(rows == kReads);
    fmt::print("{}: point read of a job, {}: {:.1f} us\n", name, what, each * 1e6);
  };
  const Json by_id = Json::array({Json{{"column", "id"}, {"op", "="}, {"value", 1}}});
  measure("all 23 columns", Json{{"entity", "jobs"}, {"where", by_id}});
  measure("4 columns", Json{{"entity", "jobs"},
                            {"columns", {"id", "state", "created", "result"}},
                            {"where", by_id}});
}
