#include <filesystem>
#include <mutex>
#include <vector>

#include <catch2/catch.hpp>

#include "engine/run/run.hpp"
#include "full_catalog.hpp"

using namespace millrace;
using namespace std::chrono_literals;
using test::comes;
using test::JobPlace;
using test::must;
using test::numbers;

namespace {

// A job whose nodes keep `threads` threads that wait until the file `gate` exists.
Json holding(const JobPlace& place, int threads, const std::string& gate) {
  auto document = place.pipeline({{"batches", 1}});
  Json& ops = document["ops"];
  for (int i = 0; i < threads; ++i) {
    const std::string name = "hold" + std::to_string(i);
    ops[0]["postOps"].push_back(name);
    ops[1]["preOps"].push_back(name);
    ops.push_back({{"name", name},
                   {"type", "filter.hold"},
                   {"preOps", {"in"}},
                   {"postOps", {"out"}},
                   {"params", {{"gate", place.path(gate)}}}});
  }
  return document;
}

}  // namespace

TEST_CASE("a failure that may pass is tried again from the last checkpoint, with growing waits",
          "[job][retry]") {
  JobPlace place;
  place.open();
  JobRequest request;
  const int code = GENERATE(MR_UNAVAILABLE, MR_IO);
  request.pipeline = place.pipeline({{"batches", 6},
                                     {"gate_at", 4},
                                     {"fail_until", place.path("well")},
                                     {"code", code},
                                     {"events", true}},
                                    "list", "log");
  request.max_attempts = 1'000;
  const auto id = place.submit(request);
  place.wait(id, [](const Job& job) { return job.failures >= 3; });
  place.touch("well");
  const Job job = place.wait_until_final(id);
  CHECK(job.state == JobState::Finished);
  CHECK(job.attempt == job.failures + 1);
  CHECK(job.error.is_null());
  CHECK(job.counts == Json{{"generated", 1}, {"read", 6}, {"written", 6}});
  CHECK(place.read("list") == numbers(6));
  const auto log = place.read("log").value_or("");
  CHECK(std::count(log.begin(), log.end(), '\n') == 7);
}

TEST_CASE("rows that a job gives back are those of all batches, however often it was tried",
          "[job][retry]") {
  std::mutex mutex;
  std::vector<std::int64_t> given;  // by the last attempt that succeeded
  JobPlace place;
  place.settings.take_rows = [&](JobId, std::vector<NodeRows> rows) {
    const std::lock_guard lock{mutex};
    given.clear();
    for (const auto& [node, batch] : rows) {
      const auto numbers = batch.column<std::int64_t>("number");
      for (std::int64_t row = 0; row < numbers.size(); ++row) given.push_back(numbers.value(row));
    }
  };
  place.open();
  place.touch("open");
  JobRequest request;
  auto document = place.pipeline({{"batches", 6},
                                  {"gate", place.path("gate")},
                                  {"gate_at", 3},
                                  {"fail_at", 4},
                                  {"fail_until", place.path("well")}});
  document["ops"][1]["type"] = "filter.hold";
  document["ops"][1]["params"] = {{"gate", place.path("open")}};
  document["ops"][1]["checkpoint"] = false;  // it has no state, and the job keeps checkpoints
  request.pipeline = document;
  request.max_attempts = 1'000;
  const auto id = place.submit(request);
  // What has left by the time of the failure is in a checkpoint, or is given again.
  REQUIRE(comes([&place, id] {
    const auto progress = place.service().progress(id);
    return progress && progress->nodes.size() == 2 && progress->nodes[1].rows_out == 3;
  }));
  place.touch("gate");
  place.wait(id, [](const Job& job) { return job.failures >= 2; });
  place.touch("well");
  CHECK(place.wait_until_final(id).state == JobState::Finished);
  const std::lock_guard lock{mutex};
  CHECK(given == std::vector<std::int64_t>{0, 1, 2, 3, 4, 5});
}

TEST_CASE("after its attempts a job has failed, and a person can ask for it again",
          "[job][retry]") {
  JobPlace place;
  place.open();
  JobRequest request;
  request.pipeline =
      place.pipeline({{"batches", 2}, {"gate_at", 1}, {"fail_until", place.path("well")}}, "list");
  request.max_attempts = 3;
  const auto id = place.submit(request);
  Job job = place.wait_until_final(id);
  CHECK(job.state == JobState::Failed);
  CHECK(job.attempt == 3);
  CHECK(job.error["code"] == "unavailable");
  CHECK(place.partials().empty());
  place.touch("well");
  must(place.service().retry(id));
  job = place.wait_until_final(id);
  CHECK(job.state == JobState::Finished);
  CHECK(job.attempt == 1);
  CHECK(place.read("list") == numbers(2));
}

TEST_CASE("a failure that would come again is not tried again", "[job][retry]") {
  JobPlace place;
  place.open();
  const int code =
      GENERATE(MR_INVALID_ARGUMENT, MR_DATA_INVALID, MR_INTERNAL, MR_EXHAUSTED, MR_NOT_FOUND);
  const auto id =
      place.submit(place.pipeline({{"batches", 2}, {"fail_until", "/nowhere"}, {"code", code}}));
  const Job job = place.wait_until_final(id);
  CHECK(job.state == JobState::Failed);
  CHECK(job.attempt == 1);
}

TEST_CASE("the wait before another attempt outlives the process", "[job][retry]") {
  JobPlace place;
  place.settings.retry_first = 3'600s;
  place.settings.retry_longest = 3'600s;
  place.open();
  const auto id =
      place.submit(place.pipeline({{"batches", 2}, {"fail_until", place.path("well")}}, "list"));
  const Job waiting = place.wait(id, [](const Job& job) { return job.failures == 1; });
  CHECK(waiting.state == JobState::Queued);
  CHECK(waiting.not_before_us > waiting.started_us + 3'500'000'000);
  place.touch("well");
  place.close();
  ManualClock later{from_micros(waiting.not_before_us - 1'000'000)};
  place.clock = &later;
  place.open();
  CHECK(must(place.store_of_jobs().get(id)).state == JobState::Queued);
  later.advance(2s);
  CHECK(place.wait_until_final(id).state == JobState::Finished);
  place.close();
}

TEST_CASE("a job that is tried again needs no thread of those that operators keep waiting",
          "[job][retry]") {
  constexpr int kThreads = 4;  // that wait, of JobPlace
  JobPlace place{GENERATE(SqlDialect::Sqlite, SqlDialect::MySql)};
  place.settings.queues = {{"default", 0}, {"other", 0}};
  place.open();
  const auto holds = place.submit(holding(place, kThreads, "held"));
  REQUIRE(comes([&place] {
    int held = 0;
    for (int i = 0; i < kThreads; ++i)
      held += std::filesystem::exists(place.path("held.hold" + std::to_string(i) + ".held"));
    return held == kThreads;
  }));
  JobRequest request;
  request.queue = "other";
  request.max_attempts = 1'000;
  SECTION("to start and to end") {
    request.pipeline =
        place.pipeline({{"batches", 4}, {"gate_at", 2}, {"fail_until", place.path("well")}});
    const auto id = place.submit(request);
    place.wait(id, [](const Job& job) { return job.failures >= 1; });
    place.touch("well");
    const Job job = place.wait_until_final(id);
    CHECK(job.state == JobState::Finished);
    CHECK(job.attempt > 1);
  }
  SECTION("to be aborted") {
    request.pipeline = place.pipeline({{"batches", 4},
                                       {"gate", place.path("gate")},
                                       {"gate_at", 2},
                                       {"fail_until", place.path("well")},
                                       {"fail_at", 1}});
    const auto id = place.submit(request);
    place.wait(id, [](const Job& job) { return job.failures >= 1; });
    place.touch("well");
    place.wait(id, [](const Job& job) {
      return job.state == JobState::Running && job.attempt == job.failures + 1;
    });
    must(place.service().abort(id, StopReason::User));
    CHECK(place.wait_until_final(id).state == JobState::Aborted);
  }
  place.touch("held");
  CHECK(place.wait_until_final(holds).state == JobState::Finished);
  place.close();
}

TEST_CASE("an operator is told the token and the number of its attempt", "[job][retry]") {
  JobPlace place;
  place.open();
  auto document = place.pipeline({{"batches", 1}, {"fail_until", place.path("well")}});
  document["ops"][1]["params"]["where"] = true;
  JobRequest request;
  request.pipeline = document;
  request.max_attempts = 2;
  const auto id = place.submit(request);
  CHECK(place.wait_until_final(id).state == JobState::Failed);
  const auto told = [](std::int64_t token, int attempt) {
    return Json{{"where", {{"token", token}, {"attempt", attempt}}}};
  };
  place.touch("well");
  must(place.service().retry(id));
  const Job job = place.wait_until_final(id);
  CHECK(job.token == 3);
  CHECK(job.attempt == 1);  // counted anew
  CHECK(job.result == told(job.token, job.attempt));
  CHECK(place.wait_until_final(place.submit(document)).result == told(1, 1));
  place.close();
}
