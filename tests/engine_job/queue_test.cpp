#include <catch2/catch.hpp>

#include "job_place.hpp"

using namespace millrace;
using namespace std::chrono_literals;
using test::JobPlace;
using test::must;

namespace {

// Jobs in the order in which they were started.
std::vector<JobId> by_start(JobPlace& place) {
  std::vector<std::pair<std::int64_t, JobId>> started;
  for (const Job& job : must(place.store_of_jobs().list({.limit = 1'000})))
    started.emplace_back(job.started_us, job.id);
  std::sort(started.begin(), started.end());
  std::vector<JobId> ids;
  for (const auto& [time, id] : started) ids.push_back(id);
  return ids;
}

}  // namespace

TEST_CASE("a higher priority starts first, equal ones in the order of submission", "[job][queue]") {
  JobPlace place;
  place.settings.queues = {{"default", 1}};
  place.open();
  const auto blocker = place.submit(place.pipeline({{"batches", 1}, {"gate", place.path("gate")}}));
  place.wait_for(blocker, JobState::Running);
  std::vector<JobId> ids;
  for (const int priority : {0, 5, 0, 9}) {
    JobRequest request;
    request.pipeline = place.pipeline({{"batches", 1}, {"pause_us", 5'000}});
    request.priority = priority;
    ids.push_back(place.submit(request));
  }
  CHECK(place.service().counters().queued == 4);
  place.touch("gate");
  for (const auto id : ids) CHECK(place.wait_until_final(id).state == JobState::Finished);
  CHECK(by_start(place) == std::vector<JobId>{blocker, ids[3], ids[1], ids[0], ids[2]});
}

TEST_CASE("a queue executes no more jobs at once than its limit, and does not hold up another",
          "[job][queue]") {
  JobPlace place;
  place.settings.queues = {{"default", 0}, {"narrow", 1}};
  place.open();
  std::vector<JobId> narrow;
  for (int i = 0; i < 3; ++i) {
    JobRequest request;
    request.queue = "narrow";
    request.pipeline = place.pipeline({{"batches", 1}, {"gate", place.path("gate")}});
    narrow.push_back(place.submit(request));
  }
  place.wait_for(narrow[0], JobState::Running);
  const auto other = place.submit(place.pipeline({{"batches", 1}}));
  CHECK(place.wait_until_final(other).state == JobState::Finished);
  CHECK(must(place.store_of_jobs().get(narrow[1])).state == JobState::Queued);
  CHECK(must(place.store_of_jobs().get(narrow[2])).state == JobState::Queued);
  place.touch("gate");
  for (const auto id : narrow) CHECK(place.wait_until_final(id).state == JobState::Finished);
}

TEST_CASE("a full queue and a bad name of one refuse a job, which then is nowhere",
          "[job][queue]") {
  JobPlace place;
  place.settings.max_queued = 2;
  place.open(false);
  JobRequest request;
  request.pipeline = place.pipeline({{"batches", 1}});
  request.queue = "a\nb";
  const auto bad = place.try_submit(request);
  REQUIRE_FALSE(bad.ok());
  CHECK(bad.error().code == Code::InvalidArgument);
  request.queue = "default";
  place.submit(request);
  request.queue = "any other";
  place.submit(request);
  const auto full = place.try_submit(request);
  REQUIRE_FALSE(full.ok());
  CHECK(full.error().code == Code::Exhausted);
  CHECK(full.error().message.find("2 jobs wait") != std::string::npos);
  CHECK(must(place.store_of_jobs().list({})).size() == 2);
}

TEST_CASE("queues that nobody has set up are served, each by the limit of the others",
          "[job][queue]") {
  JobPlace place{GENERATE(SqlDialect::Sqlite, SqlDialect::MySql)};
  place.settings.queue_jobs = 1;
  place.settings.max_jobs = 2;
  place.open();
  const auto submit = [&place](const std::string& queue) {
    JobRequest request;
    request.queue = queue;
    request.pipeline = place.pipeline({{"batches", 1}, {"gate", place.path("gate")}});
    return place.submit(std::move(request));
  };
  const auto first = submit("one");
  place.wait_for(first, JobState::Running);
  const auto second = submit("one");
  const auto other = submit("two");
  place.wait_for(other, JobState::Running);
  const auto third = submit("three");
  CHECK(must(place.store_of_jobs().get(second)).state == JobState::Queued);
  CHECK(must(place.store_of_jobs().get(third)).state == JobState::Queued);
  place.touch("gate");
  for (const auto id : {first, second, other, third})
    CHECK(place.wait_until_final(id).state == JobState::Finished);
  place.close();
}

TEST_CASE("a job that somebody waits for does not wait behind long ones, whatever is served",
          "[job][queue]") {
  JobPlace place{GENERATE(SqlDialect::Sqlite, SqlDialect::MySql)};
  place.settings.max_jobs = 1;
  place.settings.served = {"default"};
  place.open();
  JobRequest request;
  request.pipeline = place.pipeline({{"batches", 1}, {"gate", place.path("gate")}});
  const auto long_one = place.submit(request);
  place.wait_for(long_one, JobState::Running);
  request.queue = kPromptQueue;
  request.pipeline = place.pipeline({{"batches", 1}});
  CHECK(place.wait_until_final(place.submit(request)).state == JobState::Finished);
  CHECK(must(place.store_of_jobs().get(long_one)).state == JobState::Running);
  place.touch("gate");
  CHECK(place.wait_until_final(long_one).state == JobState::Finished);
  place.close();
}

TEST_CASE("jobs of a queue that is not served wait as they are, until it is", "[job][queue]") {
  JobPlace place{GENERATE(SqlDialect::Sqlite, SqlDialect::MySql)};
  place.settings.served = {"here"};
  place.open();
  JobRequest request;
  request.pipeline = place.pipeline({{"batches", 1}});
  request.queue = "elsewhere";
  const auto parked = place.submit(request);
  request.after.job = parked;
  const auto behind = place.submit(request);
  request.after = {};
  CHECK(place.service().counters().queued >= 2);
  must(place.service().abort(behind, StopReason::User));
  request.queue = "here";
  CHECK(place.wait_until_final(place.submit(request)).state == JobState::Finished);
  CHECK(must(place.store_of_jobs().get(parked)).state == JobState::Queued);
  place.close();
  place.open();  // with the same settings
  CHECK(must(place.store_of_jobs().get(parked)).state == JobState::Queued);
  place.close();
  place.settings.served = {};
  place.open();
  CHECK(place.wait_until_final(parked).state == JobState::Finished);
  place.close();
}

TEST_CASE("jobs of queues that are not served count among those that may wait", "[job][queue]") {
  JobPlace place;
  place.settings.served = {"here"};
  place.settings.max_queued = 1;
  place.open();
  JobRequest request;
  request.pipeline = place.pipeline({{"batches", 1}});
  request.queue = "elsewhere";
  const auto parked = place.submit(request);
  request.queue = "here";
  CHECK(place.try_submit(request).error().code == Code::Exhausted);
  must(place.service().abort(parked, StopReason::User));
  CHECK(place.service().counters().queued == 0);
  CHECK(place.wait_until_final(place.submit(request)).state == JobState::Finished);
}

TEST_CASE("a submission with a known key answers with the first job and adds none",
          "[job][queue]") {
  JobPlace place;
  place.open();
  JobRequest request;
  request.pipeline = place.pipeline({{"batches", 3}}, "list");
  request.idempotency_key = "once";
  const auto first = place.submit(request);
  const auto again = place.submit(request);
  CHECK(first == again);
  place.wait_until_final(first);
  CHECK(place.submit(request) == first);
  CHECK(must(place.store_of_jobs().list({})).size() == 1);
  CHECK(place.service().counters().submitted == 1);
}

TEST_CASE("jobs that were submitted before the start, or by an earlier life, run", "[job][queue]") {
  JobPlace place;
  place.open(false);
  const auto before = place.submit(place.pipeline({{"batches", 1}}));
  place.close();
  place.open(false);
  const auto after = place.submit(place.pipeline({{"batches", 1}}));
  CHECK(must(place.store_of_jobs().get(before)).state == JobState::Queued);
  must(place.service().start());
  CHECK(place.wait_until_final(before).state == JobState::Finished);
  CHECK(place.wait_until_final(after).state == JobState::Finished);
}

TEST_CASE("many small jobs all end, in few commits", "[job][queue]") {
  JobPlace place{GENERATE(SqlDialect::Sqlite, SqlDialect::MySql)};
  place.open();
  constexpr int kJobs = 300;
  std::vector<JobId> ids(kJobs);
  std::atomic<int> submitted{0};
  for (int i = 0; i < kJobs; ++i) {
    JobRequest request;
    request.pipeline = place.pipeline({{"batches", 2}});
    place.service().submit(std::move(request), {}, [&, i](Result<JobStore::Submission> made) {
      if (made.ok()) ids[static_cast<std::size_t>(i)] = made->id;
      ++submitted;
    });
  }
  const auto deadline = std::chrono::steady_clock::now() + 60s;
  while (submitted < kJobs && std::chrono::steady_clock::now() < deadline)
    std::this_thread::yield();
  for (const auto id : ids) CHECK(place.wait_until_final(id).state == JobState::Finished);
  CHECK(place.service().counters().finished == kJobs);
  const auto counters = place.catalog().counters();
  CHECK(counters.writes >= 3 * kJobs);
  CHECK(counters.commits < counters.writes);
  place.close();
}

TEST_CASE("a service removes what ended long ago when it starts, or keeps it for ever",
          "[job][queue][retention]") {
  ManualClock clock;
  JobPlace place;
  place.clock = &clock;
  place.open();
  const auto old = place.submit(place.pipeline({{"batches", 1}}));
  place.wait_until_final(old);
  place.close();
  clock.advance(48h);
  place.open();
  CHECK(place.store_of_jobs().get(old).ok());  // 0 hours: for ever
  place.close();
  place.settings.keep_ended = 24h;
  place.open();
  const auto deadline = std::chrono::steady_clock::now() + 60s;
  while (place.store_of_jobs().get(old).ok() && std::chrono::steady_clock::now() < deadline)
    std::this_thread::yield();
  CHECK_FALSE(place.store_of_jobs().get(old).ok());
}
