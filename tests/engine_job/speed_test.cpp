#include <atomic>
#include <condition_variable>
#include <mutex>

#include <catch2/catch.hpp>
#include <spdlog/spdlog.h>

#include "job_place.hpp"
#include "tests/fixtures/mariadb.hpp"
#include "tests/unsynced.hpp"

#include <fmt/format.h>

using namespace millrace;
using namespace std::chrono_literals;
using test::JobPlace;
using test::must;

// Prints figures for docs/decisions/jobs.md; hidden, since a loaded machine or a sanitizer tells
// nothing about them.
TEST_CASE("figures: submissions and empty jobs", "[.measure]") {
  using Seconds = std::chrono::duration<double>;
  const auto kind = GENERATE(SqlDialect::Sqlite, SqlDialect::MySql);
  const char* name = kind == SqlDialect::Sqlite ? "sqlite" : "mariadb";
  spdlog::set_level(spdlog::level::warn);
  test::wait_for_disk();
  test::MariaDb::shared(test::MariaDb::Writes::Synced);
  JobPlace place{kind};
  place.open(false);
  constexpr int kJobs = 5'000;
  const Json document = place.pipeline({{"batches", 0}});
  std::atomic<int> submitted{0};
  auto began = std::chrono::steady_clock::now();
  for (int i = 0; i < kJobs; ++i) {
    JobRequest request;
    request.pipeline = document;
    place.service().submit(
        std::move(request), {},
        [&submitted](const Result<JobStore::Submission>& made) { submitted += made.ok() ? 1 : 0; });
  }
  while (submitted < kJobs && Seconds(std::chrono::steady_clock::now() - began).count() < 60)
    std::this_thread::sleep_for(1ms);
  fmt::print("{}: {:.0f} durable submissions/s, all at once\n", name,
             kJobs / Seconds(std::chrono::steady_clock::now() - began).count());
  std::vector<JobRequest> many(kJobs);
  for (JobRequest& request : many) request.pipeline = document;
  std::atomic<bool> answered{false};
  began = std::chrono::steady_clock::now();
  place.service().submit_all(std::move(many), {}, [&answered](const auto&) { answered = true; });
  while (!answered && Seconds(std::chrono::steady_clock::now() - began).count() < 60)
    std::this_thread::sleep_for(1ms);
  fmt::print("{}: {:.0f} durable submissions/s, by one request\n", name,
             kJobs / Seconds(std::chrono::steady_clock::now() - began).count());
  const auto before = place.catalog().counters();
  began = std::chrono::steady_clock::now();
  must(place.service().start());
  while (place.service().counters().finished < 2 * kJobs &&
         Seconds(std::chrono::steady_clock::now() - began).count() < 120) {
    std::this_thread::sleep_for(1ms);
  }
  const double took = Seconds(std::chrono::steady_clock::now() - began).count();
  const auto counters = place.catalog().counters();
  fmt::print("{}: {:.0f} empty jobs/s from lease to end, {} finished, {:.3f} commits a job\n", name,
             2 * kJobs / took, place.service().counters().finished,
             static_cast<double>(counters.commits - before.commits) / (2 * kJobs));
  began = std::chrono::steady_clock::now();
  for (int i = 0; i < kJobs; ++i) {
    JobRequest request;
    request.pipeline = document;
    place.service().submit(std::move(request), {}, [](const Result<JobStore::Submission>&) {});
  }
  while (place.service().counters().finished < 3 * kJobs &&
         Seconds(std::chrono::steady_clock::now() - began).count() < 120) {
    std::this_thread::sleep_for(1ms);
  }
  fmt::print("{}: {:.0f} empty jobs/s end to end\n", name,
             kJobs / Seconds(std::chrono::steady_clock::now() - began).count());
  place.close();
  spdlog::set_level(spdlog::level::info);
}
