// Measures changes of many rows in SQLite and MariaDB, and how long others wait for the writer
// meanwhile:
//   catalog_bench [ROWS]
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

#include "engine/catalog/catalog.hpp"
#include "engine/catalog/change_limits.hpp"
#include "tests/fixtures/catalog_place.hpp"
#include "tests/fixtures/mariadb.hpp"

#include <fmt/format.h>

namespace {

using namespace millrace;
using Clock = std::chrono::steady_clock;
using Seconds = std::chrono::duration<double>;

const Asker kBench{.owner = {}, .name = "bench"};

double since(Clock::time_point began) { return Seconds(Clock::now() - began).count(); }

// Writes little things until it is told to stop; returns how long the slowest of them took.
double write_beside(Catalog& catalog, const std::atomic<bool>& is_done) {
  double longest = 0;
  while (!is_done) {
    const auto began = Clock::now();
    if (!catalog.write_and_wait([](Connection&) -> Result<void> { return {}; }).ok()) return -1;
    longest = std::max(longest, since(began));
    std::this_thread::sleep_for(std::chrono::milliseconds{1});
  }
  return longest;
}

// Makes a change, prints how it went, and returns its answer.
Batch measure(Catalog& catalog, std::string_view what, std::size_t rows, const Json& change) {
  std::atomic<bool> is_done{false};
  double longest = 0, took = 0;
  Batch answer;
  {
    const std::jthread beside{[&] { longest = write_beside(catalog, is_done); }};
    const auto began = Clock::now();
    auto changed = catalog.change(change, kBench);
    took = since(began);
    is_done = true;
    answer = test::must(std::move(changed));
  }
  const char* database = catalog.dialect() == SqlDialect::Sqlite ? "sqlite" : "mariadb";
  fmt::print("{}: {} of {} rows: {:.0f} rows/s; the longest that another write took: {:.0f} ms\n",
             database, what, rows, static_cast<double>(rows) / took, longest * 1e3);
  return answer;
}

Json change(std::string_view action, std::string_view entity, Json more) {
  more["entity"] = entity;
  more["action"] = action;
  return more;
}

Json tags(std::size_t count, int round) {
  Json rows = Json::array();
  for (std::size_t i = 0; i < count; ++i)
    rows.push_back({{"name", fmt::format("tag {} of round {}", i, round)},
                    {"description", "made to be counted"}});
  return {{"rows", std::move(rows)}};
}

// Conditions of the rows that an insert was answered with, and of what came later.
Json from(const Batch& inserted) {
  const auto first = inserted.column<std::int64_t>("id").value(0);
  return Json::array({Json{{"column", "id"}, {"op", ">="}, {"value", first}}});
}

void measure_plain_rows(Catalog& catalog, std::size_t rows) {
  for (int round = 0; round < 5; ++round)
    measure(catalog, "insert", rows, change("insert", "tags", tags(rows, round)));
  const Json found = from(measure(catalog, "insert at once", kMostRowsAtOnce,
                                  change("insert", "tags", tags(kMostRowsAtOnce, 9))));
  measure(catalog, "update", kMostRowsAtOnce,
          change("update", "tags", {{"where", found}, {"set", {{"description", "counted"}}}}));
  measure(catalog, "delete", kMostRowsAtOnce, change("delete", "tags", {{"where", found}}));
}

// Models with five metrics each.
void measure_models(Catalog& catalog) {
  const auto insert = [&](std::string_view entity, const Json& set) {
    return test::must(catalog.change(change("insert", entity, {{"set", set}}), kBench))
        .column<std::int64_t>("id")
        .value(0);
  };
  const auto user = insert("users", {{"login", "ada"}, {"password", "secret of the bench"}});
  const auto workspace = insert("workspaces", {{"name", "bench"}});
  const auto project = insert("projects", {{"name", "bench"}, {"workspace_id", workspace}});
  Json rows = Json::array();
  for (std::size_t i = 0; i < kMostSingleRowsAtOnce; ++i) {
    Json metrics = Json::object();
    for (int metric = 0; metric < 5; ++metric)
      metrics[fmt::format("metric {}", metric)] = static_cast<double>(i) + 0.5;
    rows.push_back({{"name", fmt::format("model {}", i)},
                    {"user_id", user},
                    {"project_id", project},
                    {"metrics", metrics}});
  }
  const auto count = kMostSingleRowsAtOnce;
  const Json found = from(
      measure(catalog, "insert of models", count, change("insert", "models", {{"rows", rows}})));
  measure(catalog, "update of models", count,
          change("update", "models", {{"where", found}, {"set", {{"private", true}}}}));
  measure(catalog, "delete of models", count, change("delete", "models", {{"where", found}}));
}

}  // namespace

int main(int argc, char** argv) {
  try {
    test::MariaDb::shared(test::MariaDb::Writes::Synced);
    const int rows = argc > 1 ? std::atoi(argv[1]) : 100'000;
    for (const auto kind : {SqlDialect::Sqlite, SqlDialect::MySql}) {
      const test::CatalogPlace place{kind};
      const auto catalog = place.open();
      measure_plain_rows(*catalog, static_cast<std::size_t>(std::max(1, rows)));
      measure_models(*catalog);
    }
    return 0;
  } catch (const std::exception& failure) {
    fmt::print(stderr, "{}\n", failure.what());
    return 1;
  }
}
