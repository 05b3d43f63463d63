// Measures changes of many rows in SQLite, and how long others wait for the writer meanwhile:
//   catalog_bench [ROWS]
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <thread>

#include "engine/catalog/catalog.hpp"
#include "tests/fixtures/temporary_folder.hpp"

#include <fmt/format.h>

namespace {

using namespace millrace;
using Clock = std::chrono::steady_clock;
using Seconds = std::chrono::duration<double>;

double since(Clock::time_point began) { return Seconds(Clock::now() - began).count(); }

Json tags(int count, int round) {
  Json rows = Json::array();
  for (int i = 0; i < count; ++i)
    rows.push_back({{"name", fmt::format("tag {} of round {}", i, round)},
                    {"description", "made to be counted"}});
  return rows;
}

// Writes little things until it is told to stop; returns how long the slowest of them took.
double write_beside(Catalog& catalog, const std::atomic<bool>& is_done) {
  double longest = 0;
  while (!is_done) {
    const auto began = Clock::now();
    if (!catalog.write_and_wait([](Connection&) -> Result<void> { return {}; }).ok()) return -1;
    longest = std::max(longest, since(began));
  }
  return longest;
}

int measure(int rows) {
  const test::TemporaryFolder folder;
  DatabaseSettings settings;
  settings.address = "sqlite:" + (folder / "catalog.sqlite").string();
  auto opened = Catalog::open(settings, system_clock());
  if (!opened.ok()) {
    fmt::print(stderr, "{}\n", opened.error().message);
    return 1;
  }
  Catalog& catalog = **opened;
  for (int round = 0; round < 5; ++round) {
    const Json change{{"entity", "tags"}, {"action", "insert"}, {"rows", tags(rows, round)}};
    std::atomic<bool> is_done{false};
    double longest = 0;
    std::jthread beside{[&] { longest = write_beside(catalog, is_done); }};
    const auto began = Clock::now();
    const auto changed = catalog.change(change, {.name = "bench"});
    const double took = since(began);
    is_done = true;
    beside.join();
    if (!changed.ok()) {
      fmt::print(stderr, "{}\n", changed.error().message);
      return 1;
    }
    fmt::print("insert of {} rows: {:.0f} rows/s; the longest that another write took: {:.0f} ms\n",
               rows, rows / took, longest * 1e3);
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) { return measure(argc > 1 ? std::atoi(argv[1]) : 100'000); }
