#include <catch2/catch.hpp>

#include "job_place.hpp"

using namespace millrace;
using namespace std::chrono_literals;
using test::JobPlace;
using test::must;

TEST_CASE("a running job stops, keeps the reason and its log, and leaves no output",
          "[job][abort]") {
  JobPlace place{GENERATE(SqlDialect::Sqlite, SqlDialect::MySql)};
  place.open();
  const auto id = place.submit(place.pipeline(
      {{"batches", 9}, {"gate", place.path("gate")}, {"gate_at", 3}, {"events", true}}, "list",
      "log"));
  place.wait(id, [&place](const Job&) { return place.partials().size() == 2; });
  const auto state = must(place.service().abort(id, StopReason::User));
  CHECK(state == JobState::Aborting);
  const Job job = place.wait_until_final(id);
  CHECK(job.state == JobState::Aborted);
  CHECK(job.stop_reason == StopReason::User);
  CHECK(job.error.is_null());
  CHECK_FALSE(place.read("list").has_value());
  CHECK(place.partials().empty());
  CHECK(place.read("log").value_or("").find(R"("status":"aborted","read":3)") != std::string::npos);
  CHECK(must(place.service().abort(id, StopReason::Deadline)) == JobState::Aborted);
  CHECK(must(place.store_of_jobs().get(id)).stop_reason == StopReason::User);
  const auto journal = place.journal(id);
  CHECK(journal.back() == "aborted");
  CHECK(std::count(journal.begin(), journal.end(), "aborting") == 1);
  CHECK(place.service().counters().aborted == 1);
  place.close();
}

TEST_CASE("a job that waits is aborted at once, its log tells it, and it never runs",
          "[job][abort]") {
  JobPlace place;
  place.settings.queues = {{"default", 1}};
  place.open();
  const auto blocker = place.submit(place.pipeline({{"batches", 1}, {"gate", place.path("gate")}}));
  place.wait_for(blocker, JobState::Running);
  const auto id = place.submit(place.pipeline({{"batches", 1}}, "list", "log"));
  CHECK(must(place.service().abort(id, StopReason::User)) == JobState::Aborted);
  place.touch("gate");
  place.wait_until_final(blocker);
  place.wait(id, [&place](const Job&) { return place.read("log").has_value(); });
  CHECK(place.read("log").value_or("").find(R"("status":"aborted","read":0)") != std::string::npos);
  CHECK(must(place.store_of_jobs().get(id)).started_us == 0);
  CHECK(place.journal(id) == std::vector<std::string>{"queued", "aborted"});
  CHECK_FALSE(place.read("list").has_value());
}

TEST_CASE("what has ended cannot be aborted", "[job][abort]") {
  JobPlace place;
  place.open();
  const auto id = place.submit(place.pipeline({{"batches", 1}}));
  place.wait_until_final(id);
  const auto refused = place.service().abort(id, StopReason::User);
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.error().code == Code::Conflict);
  CHECK(place.service().abort(JobId{999}, StopReason::User).error().code == Code::NotFound);
}

TEST_CASE("a job past its deadline is aborted for that reason", "[job][abort]") {
  JobPlace place;
  place.open();
  JobRequest request;
  request.pipeline = place.pipeline({{"batches", 1}, {"gate", place.path("gate")}});
  request.deadline = 1s;
  const auto id = place.submit(request);
  const Job job = place.wait_until_final(id);
  CHECK(job.state == JobState::Aborted);
  CHECK(job.stop_reason == StopReason::Deadline);
  CHECK(job.finished_us - job.started_us >= 1'000'000);
}

TEST_CASE("an aborted job that is asked for again runs", "[job][abort]") {
  JobPlace place;
  place.open();
  const auto id = place.submit(place.pipeline(
      {{"batches", 3}, {"gate", place.path("gate")}, {"gate_at", 1}}, "list", "log"));
  place.wait(id, [&place](const Job&) { return !place.partials().empty(); });
  must(place.service().abort(id, StopReason::User));
  place.wait_for(id, JobState::Aborted);
  place.touch("gate");
  must(place.service().retry(id));
  CHECK(place.wait_until_final(id).state == JobState::Finished);
  CHECK(place.read("list") == test::numbers(3));
  const auto log = place.read("log").value_or("");
  CHECK(log.find("finished") != std::string::npos);
  CHECK(log.find("aborted") == std::string::npos);
  CHECK_FALSE(place.service().retry(id).ok());
}

TEST_CASE("of aborts that race with the end of a job either wins wholly", "[job][abort]") {
  JobPlace place;
  place.open();
  for (int round = 0; round < 30; ++round) {
    const std::string name = "list" + std::to_string(round);
    const auto id =
        place.submit(place.pipeline({{"batches", 2}}, name, "log" + std::to_string(round)));
    const auto aborted = place.service().abort(id, StopReason::User);
    const Job job = place.wait_until_final(id);
    INFO(round << " " << to_string(job.state));
    if (job.state == JobState::Finished) {
      CHECK_FALSE(aborted.ok());
      CHECK(place.read(name) == test::numbers(2));
    } else {
      CHECK(job.state == JobState::Aborted);
      CHECK_FALSE(place.read(name).has_value());
    }
  }
  place.close();
  place.open(false);
  CHECK(place.partials().empty());
}
