// Jobs that wait for others, in the store of jobs.
#include <map>

#include <catch2/catch.hpp>

#include "jobs_fixture.hpp"

using namespace millrace;
using namespace std::chrono_literals;
using test::check_refused;
using test::Jobs;
using test::must;

namespace {

JobRequest behind(JobId job, std::chrono::seconds delay = 0s,
                  After::When when = After::When::Finished) {
  JobRequest request;
  request.after = {job, delay, when};
  return request;
}

JobState state_of(Jobs& jobs, JobId id) { return must(jobs.store.state(id)); }

// Submits so many jobs, of which each waits for the one before it and the first for `id`.
std::vector<JobId> chain_behind(Jobs& jobs, JobId id, std::int64_t length) {
  std::vector<JobId> chain;
  for (std::int64_t i = 0; i < length; ++i)
    chain.push_back(jobs.submit(behind(chain.empty() ? id : chain.back())));
  return chain;
}

// Ends a job that is queued.
JobStore::Followers end(Jobs& jobs, JobId id, JobState state) {
  return must(jobs.finish(must(jobs.lease(id)), state));
}

constexpr After::When kAllWhens[] = {After::When::Finished, After::When::Failed,
                                     After::When::Ended};

}  // namespace

TEST_CASE("a job that waits for another is queued in the transaction that finishes that one",
          "[job][store][after]") {
  Jobs jobs{GENERATE(SqlDialect::Sqlite, SqlDialect::MySql)};
  const auto first = jobs.submit();
  const auto made = must(jobs.try_submit([&] {
    auto request = behind(first);
    request.pipeline = Json{{"ops", Json::array()}};
    return request;
  }()));
  CHECK(made.state == JobState::Waiting);
  const auto other = jobs.submit(behind(first, 3'600s));
  CHECK(must(jobs.store.get(made.id)).after.job == first);
  CHECK(must(jobs.store.get(other)).after.delay == 3'600s);
  CHECK_FALSE(must(jobs.store.get(first)).after.job);
  check_refused(jobs.lease(made.id));
  CHECK(must(jobs.store.startable(10)).size() == 1);
  const auto ended = must(jobs.finish(must(jobs.lease(first)), JobState::Finished));
  CHECK(ended.aborted.empty());
  REQUIRE(ended.released.size() == 2);
  CHECK(ended.released[0].id == made.id);
  CHECK(ended.released[0].wait_us == 0);
  CHECK(ended.released[1].wait_us == 3'600'000'000);
  const auto startable = must(jobs.store.startable(10));
  REQUIRE(startable.size() == 1);
  CHECK(startable[0].id == made.id);
  check_refused(jobs.lease(other));
  CHECK(must(jobs.lease(other, ended.released[1].not_before_us)).attempt == 1);
  CHECK(jobs.journal(made.id) == std::vector<std::string>{"waiting", "queued"});
  const auto events = must(jobs.store.events(other, 0, 1));
  CHECK(events.at(0).body ==
        Json{{"after", first.value}, {"delay_s", 3'600}, {"when", "finished"}});
}

TEST_CASE("a wait is counted by the database's clock, whatever the engines' clocks say",
          "[job][store][after]") {
  ManualClock clock;  // of 2023
  Jobs jobs{SqlDialect::MySql, clock};
  const auto first = jobs.submit();
  const auto second = jobs.submit(behind(first, 3'600s));
  must(jobs.finish(must(jobs.lease(first)), JobState::Finished));
  const auto now_us = to_micros(system_clock().now());
  const auto not_before_us = must(jobs.store.get(second)).not_before_us;
  CHECK(not_before_us > now_us + 3'500'000'000);
  CHECK(not_before_us < now_us + 3'700'000'000);
  clock.advance(48h);
  CHECK(must(jobs.store.startable(10)).empty());
  const auto waiting = must(jobs.store.queued({}, 10));
  REQUIRE(waiting.size() == 1);
  CHECK(waiting[0].wait_us > 3'500'000'000);
}

TEST_CASE("all that wait for a job which does not finish are aborted with it",
          "[job][store][after]") {
  Jobs jobs{GENERATE(SqlDialect::Sqlite, SqlDialect::MySql)};
  const auto first = jobs.submit();
  const auto chain = chain_behind(jobs, first, 3);
  const auto beside = jobs.submit(behind(first, 60s));
  const auto unconcerned = jobs.submit();
  std::vector<JobId> aborted;
  SECTION("it fails") {
    JobStore::Ending ending;
    ending.error = Error{Code::DataInvalid, "bad row"};
    aborted = must(jobs.finish(must(jobs.lease(first)), JobState::Failed, ending)).aborted;
  }
  SECTION("it is aborted while it runs") {
    const auto lease = must(jobs.lease(first));
    CHECK(must(jobs.store.abort(first, StopReason::User)).followers.aborted.empty());
    CHECK(state_of(jobs, chain[0]) == JobState::Waiting);
    aborted = must(jobs.finish(lease, JobState::Aborted)).aborted;
  }
  SECTION("it is aborted in the queue") {
    aborted = must(jobs.store.abort(first, StopReason::User)).followers.aborted;
  }
  CHECK(aborted == std::vector<JobId>{chain[0], beside, chain[1], chain[2]});
  for (const auto id : aborted) {
    const Job job = must(jobs.store.get(id));
    CHECK(job.state == JobState::Aborted);
    CHECK(job.stop_reason == StopReason::UpstreamFailed);
    CHECK(job.finished_us > 0);
    CHECK(jobs.journal(id) == std::vector<std::string>{"waiting", "aborted"});
  }
  CHECK(state_of(jobs, unconcerned) == JobState::Queued);
}

TEST_CASE("an end that is refused moves none of those who wait for it", "[job][store][after]") {
  ManualClock clock;
  Jobs jobs{GENERATE(SqlDialect::Sqlite, SqlDialect::MySql), clock};
  const auto first = jobs.submit();
  const auto second = jobs.submit(behind(first));
  const auto stale = must(jobs.lease(first));
  jobs.expire(clock);
  const auto current = must(jobs.lease(first));
  check_refused(jobs.finish(stale, JobState::Finished));
  check_refused(jobs.finish(stale, JobState::Failed));
  CHECK(state_of(jobs, second) == JobState::Waiting);
  // Going back to the queue is no end.
  must(jobs.requeue(current, Error{Code::Io, "disk away"}, 0ms));
  CHECK(state_of(jobs, second) == JobState::Waiting);
  CHECK(must(jobs.finish(must(jobs.lease(first)), JobState::Finished)).released.size() == 1);
}

TEST_CASE("whoever comes when the other job has ended is treated as if it had been earlier",
          "[job][store][after]") {
  Jobs jobs{GENERATE(SqlDialect::Sqlite, SqlDialect::MySql)};
  const auto good = jobs.submit();
  must(jobs.finish(must(jobs.lease(good)), JobState::Finished));
  CHECK(state_of(jobs, jobs.submit(behind(good))) == JobState::Queued);
  const auto later = jobs.submit(behind(good, 3'600s));
  CHECK(state_of(jobs, later) == JobState::Queued);
  CHECK(must(jobs.store.get(later)).not_before_us ==
        must(jobs.store.get(good)).finished_us + 3'600'000'000);
  check_refused(jobs.lease(later));
  const auto bad = jobs.submit();
  must(jobs.finish(must(jobs.lease(bad)), JobState::Failed));
  const auto follower = jobs.submit(behind(bad));
  CHECK(must(jobs.store.get(follower)).stop_reason == StopReason::UpstreamFailed);
  CHECK(must(jobs.store.get(follower)).finished_us > 0);
  CHECK(state_of(jobs, jobs.submit(behind(follower))) == JobState::Aborted);
  CHECK(jobs.journal(follower) == std::vector<std::string>{"aborted"});
}

TEST_CASE("a job waits for one that is there, for a year at the most", "[job][store][after]") {
  Jobs jobs{GENERATE(SqlDialect::Sqlite, SqlDialect::MySql)};
  const auto first = jobs.submit();
  auto request = behind(first);
  request.pipeline = Json{{"ops", Json::array()}};
  for (const auto& wrong :
       {After{JobId{first.value + 1}, 0s}, After{JobId{first.value + 2}, 0s}, After{JobId{-1}, 0s},
        After{first, -1s}, After{first, 365 * 24h + 1s}}) {
    request.after = wrong;
    const auto refused = jobs.try_submit(request);
    REQUIRE_FALSE(refused.ok());
    CHECK(refused.error().code == Code::InvalidArgument);
    CHECK(refused.error().message.find("after") != std::string::npos);
  }
  CHECK(must(jobs.store.list({})).size() == 1);
  request.after = {first, 365 * 24h};
  CHECK(must(jobs.try_submit(request)).state == JobState::Waiting);
}

TEST_CASE("a bounded number of jobs waits for one, and in a row", "[job][store][after]") {
  Jobs jobs{SqlDialect::Sqlite};
  JobRequest request;
  request.pipeline = Json{{"ops", Json::array()}};
  const auto refused = [&](JobId job) {
    request.after = {job, 0s};
    const auto made = jobs.try_submit(request);
    REQUIRE_FALSE(made.ok());
    CHECK(made.error().code == Code::InvalidArgument);
  };
  const auto popular = jobs.submit();
  for (std::int64_t i = 0; i < kMostFollowers; ++i) jobs.submit(behind(popular));
  refused(popular);
  CHECK(must(jobs.finish(must(jobs.lease(popular)), JobState::Finished)).released.size() ==
        static_cast<std::size_t>(kMostFollowers));
  const auto first = jobs.submit();
  const auto chain = chain_behind(jobs, first, kLongestChain);
  refused(chain.back());
  CHECK(must(jobs.store.abort(first, StopReason::User)).followers.aborted == chain);
}

TEST_CASE("a retry waits anew, and not for a job that did not finish", "[job][store][after]") {
  Jobs jobs{GENERATE(SqlDialect::Sqlite, SqlDialect::MySql)};
  const auto first = jobs.submit();
  const auto chain = chain_behind(jobs, first, 2);
  must(jobs.finish(must(jobs.lease(first)), JobState::Failed));
  check_refused(jobs.store.retry(chain[0]));
  CHECK(state_of(jobs, chain[0]) == JobState::Aborted);
  CHECK(must(jobs.store.retry(first)).state == JobState::Queued);
  CHECK(must(jobs.store.retry(chain[0])).state == JobState::Waiting);
  CHECK(must(jobs.store.retry(chain[1])).state == JobState::Waiting);
  must(jobs.finish(must(jobs.lease(first)), JobState::Finished));
  CHECK(state_of(jobs, chain[0]) == JobState::Queued);
  // It has been let go before, so it is its own affair now.
  must(jobs.finish(must(jobs.lease(chain[0])), JobState::Failed));
  CHECK(state_of(jobs, chain[1]) == JobState::Aborted);
  CHECK(must(jobs.store.retry(chain[0])).state == JobState::Queued);
  CHECK(must(jobs.store.retry(chain[1])).state == JobState::Waiting);
}

TEST_CASE("what waits for another job is counted with what is queued", "[job][store][after]") {
  Jobs jobs{GENERATE(SqlDialect::Sqlite, SqlDialect::MySql)};
  const auto first = jobs.submit();
  chain_behind(jobs, first, 3);
  CHECK(must(jobs.store.count_waiting(100)) == 4);
  CHECK(must(jobs.store.count_waiting(2)) == 2);
  must(jobs.lease(first));
  CHECK(must(jobs.store.count_waiting(100)) == 3);
}

TEST_CASE("a job begins behind the end that it is for, and is aborted behind another",
          "[job][store][after]") {
  Jobs jobs{GENERATE(SqlDialect::Sqlite, SqlDialect::MySql)};
  const auto none = StopReason::None;
  const std::map<std::pair<After::When, JobState>, StopReason> table{
      {{After::When::Finished, JobState::Finished}, none},
      {{After::When::Finished, JobState::Failed}, StopReason::UpstreamFailed},
      {{After::When::Finished, JobState::Aborted}, StopReason::UpstreamFailed},
      {{After::When::Failed, JobState::Finished}, StopReason::NotNeeded},
      {{After::When::Failed, JobState::Failed}, none},
      {{After::When::Failed, JobState::Aborted}, StopReason::NotNeeded},
      {{After::When::Ended, JobState::Finished}, none},
      {{After::When::Ended, JobState::Failed}, none},
      {{After::When::Ended, JobState::Aborted}, none}};
  for (const auto& [pair, why_not] : table) {
    const auto [when, state] = pair;
    INFO(to_string(when) << " behind one that is " << to_string(state));
    const auto first = jobs.submit();
    const auto early = jobs.submit(behind(first, 0s, when));
    const auto delayed = jobs.submit(behind(first, 3'600s, when));
    CHECK(must(jobs.store.get(early)).after.when == when);
    CHECK(state_of(jobs, early) == JobState::Waiting);
    const auto settled = end(jobs, first, state);
    // Whoever comes now is told the same.
    const auto late = jobs.submit(behind(first, 0s, when));
    const auto late_delayed = jobs.submit(behind(first, 3'600s, when));
    const auto begins = why_not == none;
    CHECK(settled.released.size() == (begins ? 2 : 0));
    CHECK(settled.aborted.size() == (begins ? 0 : 2));
    for (const auto id : {early, delayed, late, late_delayed}) {
      const Job job = must(jobs.store.get(id));
      CHECK(job.state == (begins ? JobState::Queued : JobState::Aborted));
      CHECK(job.stop_reason == why_not);
      CHECK((job.finished_us > 0) == !begins);
      const bool waits = begins && (id == delayed || id == late_delayed);
      CHECK((job.not_before_us > 0) == waits);
    }
    if (!begins) {
      const auto line = must(jobs.store.events(late, 0, 10)).at(0);
      CHECK(line.kind == "aborted");
      CHECK(line.body == Json{{"reason", to_string(why_not)}});
      continue;
    }
    CHECK(settled.released[1].not_before_us == must(jobs.store.get(delayed)).not_before_us);
    CHECK(must(jobs.lease(early)).attempt == 1);
    check_refused(jobs.lease(delayed));
    CHECK(must(jobs.lease(delayed, settled.released[1].not_before_us)).attempt == 1);
  }
}

TEST_CASE("what follows a job that never began is settled with it", "[job][store][after]") {
  Jobs jobs{GENERATE(SqlDialect::Sqlite, SqlDialect::MySql)};
  const auto first = jobs.submit();
  const auto then = jobs.submit(behind(first));
  const auto if_fails = jobs.submit(behind(first, 0s, After::When::Failed));
  const auto if_then_fails = jobs.submit(behind(then, 0s, After::When::Failed));
  const auto tidy = jobs.submit(behind(then, 60s, After::When::Ended));
  const auto behind_tidy = jobs.submit(behind(tidy));
  const auto last = jobs.submit(behind(if_then_fails, 0s, After::When::Ended));
  std::vector<JobId> released, aborted;
  std::map<JobId, JobState> ends{
      {tidy, JobState::Queued}, {behind_tidy, JobState::Waiting}, {last, JobState::Queued}};
  JobStore::Followers settled;
  SECTION("the first fails") {
    settled = end(jobs, first, JobState::Failed);
    aborted = {then, if_then_fails};
    released = {if_fails, tidy, last};
    ends[if_fails] = JobState::Queued;
    CHECK(must(jobs.store.get(then)).stop_reason == StopReason::UpstreamFailed);
  }
  SECTION("the first is aborted in the queue") {
    settled = must(jobs.store.abort(first, StopReason::User)).followers;
    aborted = {then, if_fails, if_then_fails};
    released = {tidy, last};
    ends[if_fails] = JobState::Aborted;
    CHECK(must(jobs.store.get(if_fails)).stop_reason == StopReason::NotNeeded);
  }
  CHECK(settled.aborted == aborted);
  REQUIRE(settled.released.size() == released.size());
  for (std::size_t i = 0; i < released.size(); ++i) CHECK(settled.released[i].id == released[i]);
  CHECK(must(jobs.store.get(if_then_fails)).stop_reason == StopReason::NotNeeded);
  for (const auto& [id, state] : ends) {
    INFO(id.value);
    CHECK(state_of(jobs, id) == state);
  }
  CHECK(must(jobs.store.get(last)).not_before_us == 0);
  CHECK(must(jobs.store.get(tidy)).not_before_us > 0);
}

TEST_CASE("a job that was not needed is tried again when its turn may still come",
          "[job][store][after]") {
  Jobs jobs{GENERATE(SqlDialect::Sqlite, SqlDialect::MySql)};
  const auto first = jobs.submit();
  const auto if_fails = jobs.submit(behind(first, 0s, After::When::Failed));
  must(jobs.store.abort(first, StopReason::User));
  CHECK(state_of(jobs, if_fails) == JobState::Aborted);
  const auto refused = jobs.store.retry(if_fails);
  check_refused(refused);
  CHECK(refused.error().message.find("for when job") != std::string::npos);
  CHECK(must(jobs.store.retry(first)).state == JobState::Queued);
  CHECK(must(jobs.store.retry(if_fails)).state == JobState::Waiting);
  CHECK(end(jobs, first, JobState::Failed).released.at(0).id == if_fails);
  // What has begun is its own affair, until it is asked for again.
  CHECK(must(jobs.store.retry(first)).state == JobState::Queued);
  CHECK(end(jobs, first, JobState::Finished).released.empty());
  CHECK(state_of(jobs, if_fails) == JobState::Queued);
  must(jobs.store.abort(if_fails, StopReason::User));
  check_refused(jobs.store.retry(if_fails));
}

TEST_CASE("an ended job stays while one behind it goes on", "[job][store][after][retention]") {
  ManualClock clock;
  Jobs jobs{GENERATE(SqlDialect::Sqlite, SqlDialect::MySql), clock};
  const auto removed = [&] {
    clock.advance(48h);
    return must(jobs.store.remove_ended(to_micros(clock.now()), {})).jobs;
  };
  const auto first = jobs.submit();
  const auto second = jobs.submit(behind(first));
  const auto if_fails = jobs.submit(behind(second, 0s, After::When::Failed));
  end(jobs, first, JobState::Finished);
  CHECK(removed() == 0);
  end(jobs, second, JobState::Failed);
  CHECK(removed() == 1);
  CHECK_FALSE(jobs.store.get(first).ok());
  const auto lease = must(jobs.lease(if_fails));
  CHECK(removed() == 0);
  CHECK(jobs.store.get(second).ok());
  must(jobs.finish(lease, JobState::Failed));
  // Behind one that is gone it is its own affair.
  CHECK(removed() == 2);
  CHECK(must(jobs.store.list({})).empty());
}

TEST_CASE("a job that was not needed stays so when the other is gone",
          "[job][store][after][retention]") {
  ManualClock clock;
  Jobs jobs{SqlDialect::Sqlite, clock};
  const auto first = jobs.submit();
  end(jobs, first, JobState::Finished);
  clock.advance(48h);
  const auto late = jobs.submit(behind(first, 0s, After::When::Failed));
  CHECK(must(jobs.store.remove_ended(to_micros(clock.now()), {})).jobs == 1);
  check_refused(jobs.store.retry(late));
}

TEST_CASE("so many followers of any kind are settled in one transaction", "[job][store][after]") {
  Jobs jobs{SqlDialect::Sqlite};
  const auto first = jobs.submit();
  std::int64_t count = 0;
  for (; count < kMostFollowers; ++count)
    jobs.submit(behind(first, 0s, kAllWhens[static_cast<std::size_t>(count % 3)]));
  const auto writes = jobs.catalog->counters().writes;
  const auto settled = must(jobs.store.abort(first, StopReason::User)).followers;
  CHECK(jobs.catalog->counters().writes == writes + 1);
  CHECK(settled.released.size() == 333);
  CHECK(settled.aborted.size() == 667);
}
