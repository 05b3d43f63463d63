#include <catch2/catch.hpp>

#include "job_place.hpp"

using namespace millrace;
using namespace std::chrono_literals;
using test::JobPlace;
using test::must;
using test::numbers;

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
