#include <future>

#include <catch2/catch.hpp>

#include "jobs_fixture.hpp"

using namespace millrace;
using namespace std::chrono_literals;
using test::CatalogPlace;
using test::check_refused;
using test::Jobs;
using test::must;

TEST_CASE("a job is read back as it was submitted", "[job][store]") {
  Jobs jobs{GENERATE(SqlDialect::Sqlite, SqlDialect::MySql)};
  JobRequest request;
  request.pipeline =
      Json::parse(R"({"name": "Bilder \ud83d\ude00", "ops": [], "seed": 18446744073709551615})");
  request.dialect = "atflow";
  request.external_id = "6639b0f0c1a2b3d4e5f60718";
  request.owner = "ak-test";
  request.queue = "slow";
  request.priority = -3;
  request.max_attempts = 7;
  request.deadline = 90s;
  request.facts = Json{{"logFile", "qiniu:///z0/logs/x"}};
  const auto id = jobs.submit(request);
  const Job job = must(jobs.store.get(id));
  CHECK(job.pipeline == request.pipeline);
  CHECK(job.pipeline.text() == request.pipeline.text());
  CHECK(job.name == "Bilder \xf0\x9f\x98\x80");
  CHECK(job.dialect == "atflow");
  CHECK(job.external_id == request.external_id);
  CHECK(job.owner == "ak-test");
  CHECK(job.queue == "slow");
  CHECK(job.priority == -3);
  CHECK(job.max_attempts == 7);
  CHECK(job.deadline_us == 90'000'000);
  CHECK(job.facts == request.facts);
  CHECK(job.state == JobState::Queued);
  CHECK(job.result.is_null());
  CHECK(must(jobs.store.get("atflow", request.external_id)).id == id);
  CHECK(jobs.journal(id) == std::vector<std::string>{"queued"});
  CHECK(jobs.store.get("engine", request.external_id).error().code == Code::NotFound);
  CHECK(jobs.store.get(JobId{id.value + 1}).error().code == Code::NotFound);
}

TEST_CASE("a job without an id of its dialect gets its number", "[job][store]") {
  Jobs jobs{GENERATE(SqlDialect::Sqlite, SqlDialect::MySql)};
  const auto first = jobs.submit();
  const auto second = jobs.submit();
  CHECK(second.value > first.value);
  CHECK(must(jobs.store.get("engine", std::to_string(second.value))).id == second);
}

TEST_CASE("an id of digits that a client chose keeps no later job from its number",
          "[job][store]") {
  Jobs jobs{GENERATE(SqlDialect::Sqlite, SqlDialect::MySql)};
  JobRequest request;
  request.pipeline = Json::object();
  request.external_id = "3";
  const auto chosen = jobs.submit(request);
  const auto second = jobs.submit();
  const auto third = jobs.submit();
  REQUIRE(third.value == 3);
  CHECK(must(jobs.store.get(third)).external_id.empty());
  CHECK(must(jobs.store.get("engine", "3")).id == chosen);
  CHECK(must(jobs.store.get("engine", "2")).id == second);
  CHECK(jobs.store.get("engine", "02").error().code == Code::NotFound);
  CHECK(jobs.store.get("atflow", "2").error().code == Code::NotFound);
}

TEST_CASE("numbers that stood for ids go when the schema comes to their version", "[job][store]") {
  CatalogPlace place{GENERATE(SqlDialect::Sqlite, SqlDialect::MySql)};
  JobRequest request;
  request.pipeline = Json::object();
  {
    const auto catalog = place.open();
    JobStore store{*catalog};
    for (const char* id : {"1", "7", "a"}) {
      request.external_id = id;
      must(Jobs::wait<JobStore::Submission>(
          [&](auto done) { store.submit(request, {}, std::move(done)); }));
    }
    must(catalog->write_and_wait([](Connection& connection) -> Result<void> {
      MR_CHECK(
          connection.execute("DELETE FROM schema_migrations WHERE part = 'jobs' AND version = 2"));
      return {};
    }));
  }
  const auto catalog = place.open();
  JobStore store{*catalog};
  CHECK(must(store.get(JobId{1})).external_id.empty());
  CHECK(must(store.get(JobId{2})).external_id == "7");
  CHECK(must(store.get(JobId{3})).external_id == "a");
}

TEST_CASE("an id of a dialect is given once", "[job][store]") {
  Jobs jobs{GENERATE(SqlDialect::Sqlite, SqlDialect::MySql)};
  JobRequest request;
  request.pipeline = Json::object();
  request.dialect = "audience";
  request.external_id = "task-1";
  static_cast<void>(jobs.submit(request));
  const auto again = jobs.try_submit(request);
  check_refused(again);
  CHECK(again.error().message.find("task-1") != std::string::npos);
  request.dialect = "maisie";
  CHECK(jobs.try_submit(request).ok());
}

TEST_CASE("the same idempotency key of the same owner names the first job", "[job][store]") {
  Jobs jobs{GENERATE(SqlDialect::Sqlite, SqlDialect::MySql)};
  JobRequest request;
  request.pipeline = Json::object();
  request.owner = "a";
  request.idempotency_key = "once";
  const auto first = must(jobs.try_submit(request));
  const auto again = must(jobs.try_submit(request));
  CHECK(first.is_new);
  CHECK_FALSE(again.is_new);
  CHECK(again.id == first.id);
  request.owner = "b";
  const auto other = must(jobs.try_submit(request));
  CHECK(other.is_new);
  CHECK(other.id != first.id);
  CHECK(must(jobs.store.list({})).size() == 2);
}

TEST_CASE("many jobs are submitted in their order, each answered like one that came alone",
          "[job][store]") {
  Jobs jobs{GENERATE(SqlDialect::Sqlite, SqlDialect::MySql)};
  JobRequest request;
  request.pipeline = Json{{"name", "first"}};
  request.external_id = "taken";
  jobs.submit(request);
  request.external_id.clear();
  std::vector<JobRequest> many(600, request);
  many[3].external_id = "taken";
  many[4].max_attempts = 0;
  many[5].idempotency_key = many[500].idempotency_key = "twice";
  many[7].pipeline = Json{{"name", "other"}};
  std::promise<std::vector<Result<JobStore::Submission>>> answer;
  const auto before = jobs.catalog->counters().writes;
  jobs.store.submit_all(many, {}, [&answer](auto made) { answer.set_value(std::move(made)); });
  const auto made = answer.get_future().get();
  REQUIRE(made.size() == many.size());
  CHECK(made[3].error().code == Code::Conflict);
  CHECK(made[4].error().code == Code::InvalidArgument);
  CHECK_FALSE(made[500]->is_new);
  CHECK(made[500]->id == made[5]->id);
  JobId last{};
  for (std::size_t i = 0; i < made.size(); ++i) {
    if (i == 3 || i == 4 || i == 500) continue;
    REQUIRE(made[i].ok());
    CHECK(made[i]->id > last);
    last = made[i]->id;
  }
  CHECK(must(jobs.store.get(made[6]->id)).name == "first");
  CHECK(must(jobs.store.get(made[7]->id)).name == "other");
  CHECK(must(jobs.store.get(made[8]->id)).pipeline == request.pipeline);
  CHECK(jobs.journal(made[599]->id) == std::vector<std::string>{"queued"});
  CHECK(must(jobs.store.list({.limit = 1'000})).size() == 598);
  CHECK(jobs.catalog->counters().writes - before == 3);
}

TEST_CASE("a request that cannot be kept is refused before it is written", "[job][store]") {
  Jobs jobs{SqlDialect::Sqlite};
  const auto refused = [&jobs](const std::function<void(JobRequest&)>& spoil) {
    JobRequest request;
    request.pipeline = Json::object();
    spoil(request);
    const auto result = jobs.try_submit(request);
    return !result.ok() && result.error().code == Code::InvalidArgument;
  };
  CHECK(refused([](JobRequest& request) { request.pipeline = Json::array(); }));
  CHECK(refused([](JobRequest& request) { request.external_id = std::string(256, 'x'); }));
  CHECK(refused([](JobRequest& request) { request.owner = "\xff"; }));
  CHECK(refused([](JobRequest& request) { request.idempotency_key = std::string(256, 'x'); }));
  CHECK(refused([](JobRequest& request) { request.max_attempts = 0; }));
  CHECK(refused([](JobRequest& request) { request.deadline = 0s; }));
  CHECK(must(jobs.store.list({})).empty());
}

TEST_CASE("the time of creation never decreases, even when the clock does", "[job][store]") {
  ManualClock clock;
  Jobs jobs{SqlDialect::Sqlite, clock};
  const auto first = jobs.submit();
  clock.advance(-1h);
  const auto second = jobs.submit();
  CHECK(must(jobs.store.get(second)).created_us >= must(jobs.store.get(first)).created_us);
  JobStore reopened{*jobs.catalog};
  JobRequest request;
  request.pipeline = Json::object();
  const auto third = must(Jobs::wait<JobStore::Submission>(
      [&](auto done) { reopened.submit(std::move(request), {}, std::move(done)); }));
  CHECK(must(jobs.store.get(third.id)).created_us >= must(jobs.store.get(first)).created_us);
}
