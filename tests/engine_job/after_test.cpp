// Jobs that wait for others, as the service runs them.
#include <atomic>

#include <catch2/catch.hpp>

#include "mortal_scheduler.hpp"

using namespace millrace;
using namespace std::chrono_literals;
using test::JobPlace;
using test::MortalScheduler;
using test::must;

namespace {

JobId submit_behind(JobPlace& place, JobId job, std::chrono::seconds delay = 0s,
                    const std::string& log = {}) {
  JobRequest request;
  request.pipeline = place.pipeline({{"batches", 1}}, {}, log);
  request.after = {job, delay};
  return place.submit(std::move(request));
}

JobId submit_gated(JobPlace& place) {
  return place.submit(place.pipeline({{"batches", 1}, {"gate", place.path("gate")}}));
}

std::vector<JobId> chain_behind(JobPlace& place, JobId job, int length) {
  std::vector<JobId> chain;
  for (int i = 0; i < length; ++i)
    chain.push_back(submit_behind(place, chain.empty() ? job : chain.back()));
  return chain;
}

}  // namespace

TEST_CASE("a chain of jobs runs one after the other", "[job][after]") {
  JobPlace place{GENERATE(SqlDialect::Sqlite, SqlDialect::MySql)};
  place.open();
  const auto first = submit_gated(place);
  const auto chain = chain_behind(place, first, 50);
  CHECK(place.service().counters().queued >= 50);
  CHECK(must(place.store_of_jobs().get(chain.back())).state == JobState::Waiting);
  place.touch("gate");
  std::int64_t before_us = place.wait_until_final(first).finished_us;
  for (const auto id : chain) {
    const Job job = place.wait_until_final(id);
    CHECK(job.state == JobState::Finished);
    CHECK(job.started_us >= before_us);
    before_us = job.finished_us;
  }
  place.close();
}

TEST_CASE("a job starts its delay after the one that it waits for, without a worker",
          "[job][after]") {
  JobPlace place{GENERATE(SqlDialect::Sqlite, SqlDialect::MySql)};
  place.workers = 1;
  place.open();
  const auto first = place.submit(place.pipeline({{"batches", 1}}));
  const auto second = submit_behind(place, first, 2s);
  const Job ended = place.wait_until_final(first);
  // The only worker is free meanwhile.
  const Job beside = place.wait_until_final(place.submit(place.pipeline({{"batches", 1}})));
  const Job delayed = place.wait_until_final(second);
  CHECK(delayed.state == JobState::Finished);
  CHECK(delayed.started_us >= ended.finished_us + 1'900'000);
  CHECK(beside.finished_us < delayed.started_us);
  place.close();
}

TEST_CASE("a delay goes on through a death of the process", "[job][after]") {
  JobPlace place{GENERATE(SqlDialect::Sqlite, SqlDialect::MySql)};
  auto scheduler = std::make_unique<MortalScheduler>(1, 1'000'000);
  auto& tasks = *scheduler;
  place.open(true, std::move(scheduler));
  const auto first = place.submit(place.pipeline({{"batches", 1}}));
  const auto second = submit_behind(place, first, 2s);
  const auto third = submit_behind(place, second);
  const auto deadline = std::chrono::steady_clock::now() + 60s;
  while (must(place.store_of_jobs().state(first)) != JobState::Finished) {
    REQUIRE(std::chrono::steady_clock::now() < deadline);
    tasks.run_one(true);
  }
  place.abandon();  // runs no task any more
  place.open();
  CHECK(must(place.store_of_jobs().get(third)).state == JobState::Waiting);
  const Job delayed = place.wait_until_final(second);
  CHECK(delayed.state == JobState::Finished);
  CHECK(delayed.attempt == 1);
  const Job ended = must(place.store_of_jobs().get(first));
  CHECK(delayed.started_us >= ended.finished_us + 1'900'000);
  CHECK(place.wait_until_final(third).state == JobState::Finished);
  place.close();
}

TEST_CASE("jobs that wait are there after a restart, and go on behind a job that was resumed",
          "[job][after]") {
  JobPlace place{GENERATE(SqlDialect::Sqlite, SqlDialect::MySql)};
  place.settings.lease = 3s;
  place.open();
  const auto first = submit_gated(place);
  const auto chain = chain_behind(place, first, 3);
  place.wait_for(first, JobState::Running);
  place.close();
  place.open();
  CHECK(place.service().counters().queued >= 3);
  place.touch("gate");
  for (const auto id : chain) CHECK(place.wait_until_final(id).state == JobState::Finished);
  place.close();
}

TEST_CASE("those who wait for a job that is aborted are told, with their logs", "[job][after]") {
  JobPlace place{GENERATE(SqlDialect::Sqlite, SqlDialect::MySql)};
  place.open();
  const auto first = submit_gated(place);
  const auto second = submit_behind(place, first, 0s, "log");
  const auto third = submit_behind(place, second);
  std::atomic<int> told{0};
  const auto watch = place.service().watch(third, [&told](JobId) { ++told; });
  place.wait_for(first, JobState::Running);
  must(place.service().abort(first, StopReason::User));
  for (const auto id : {second, third}) {
    const Job job = place.wait_until_final(id);
    CHECK(job.state == JobState::Aborted);
    CHECK(job.stop_reason == StopReason::UpstreamFailed);
    CHECK(job.started_us == 0);
  }
  place.wait(second, [&](const Job&) { return told > 0 && place.read("log").has_value(); });
  CHECK(place.read("log").value_or("").find(R"("status":"aborted","read":0)") != std::string::npos);
  place.service().unwatch(watch);
  CHECK(place.service().counters().aborted == 3);
  place.close();
}

TEST_CASE("a job that waits can be aborted, and asked for again", "[job][after]") {
  JobPlace place;
  place.open();
  const auto first = submit_gated(place);
  const auto chain = chain_behind(place, first, 2);
  CHECK(must(place.service().abort(chain[0], StopReason::User)) == JobState::Aborted);
  CHECK(must(place.store_of_jobs().get(chain[1])).stop_reason == StopReason::UpstreamFailed);
  must(place.service().retry(chain[0]));
  must(place.service().retry(chain[1]));
  CHECK(must(place.store_of_jobs().get(chain[0])).state == JobState::Waiting);
  place.touch("gate");
  for (const auto id : chain) CHECK(place.wait_until_final(id).state == JobState::Finished);
}

TEST_CASE("a job that comes behind one which failed is aborted as it comes", "[job][after]") {
  JobPlace place;
  place.open();
  const auto first = place.submit(place.pipeline({{"batches", 1}, {"gate", place.path("never")}}));
  place.wait_for(first, JobState::Running);
  must(place.service().abort(first, StopReason::User));
  place.wait_until_final(first);
  const auto late = submit_behind(place, first, 0s, "log");
  CHECK(must(place.store_of_jobs().get(late)).stop_reason == StopReason::UpstreamFailed);
  place.wait(late, [&](const Job&) { return place.read("log").has_value(); });
  CHECK(place.service().counters().queued == 0);
}

TEST_CASE("one engine goes on behind a job that another one runs", "[job][after]") {
  JobPlace place{SqlDialect::MySql};
  place.open();
  const auto first = submit_gated(place);
  place.wait_for(first, JobState::Running);
  JobPlace other{JobPlace::Twin{}, place};
  other.open();
  const auto chain = chain_behind(other, first, 4);
  place.touch("gate");
  for (const auto id : chain) CHECK(other.wait_until_final(id).state == JobState::Finished);
  other.close();
  place.close();
}

TEST_CASE("jobs that wait for another count among those that may wait", "[job][after]") {
  JobPlace place;
  place.settings.max_queued = 3;
  place.open(false);
  const auto first = place.submit(place.pipeline({{"batches", 1}}));
  chain_behind(place, first, 2);
  JobRequest request;
  request.pipeline = place.pipeline({{"batches", 1}});
  CHECK(place.try_submit(request).error().code == Code::Exhausted);
  must(place.service().abort(first, StopReason::User));
  CHECK(place.service().counters().queued == 0);
  CHECK(place.try_submit(request).ok());
}
