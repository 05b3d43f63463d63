#include "engine/job/job_store.hpp"

#include <future>

#include <catch2/catch.hpp>

#include "jobs_fixture.hpp"

using namespace millrace;
using namespace std::chrono_literals;
using test::CatalogPlace;
using test::check_refused;
using test::Jobs;
using test::kLease;
using test::must;

namespace {

JobRequest to_full_queue(int priority) {
  JobRequest request;
  request.pipeline = Json::object();
  request.queue = "full";
  request.priority = priority;
  return request;
}

// Five jobs that go before all others.
std::vector<JobId> fill_queue(Jobs& jobs) {
  std::vector<JobId> full;
  for (int i = 0; i < 5; ++i) full.push_back(jobs.submit(to_full_queue(9)));
  return full;
}

std::vector<JobId> ids(const std::vector<JobStore::Waiting>& waiting) {
  std::vector<JobId> found;
  for (const auto& job : waiting) found.push_back(job.id);
  return found;
}

}  // namespace

TEST_CASE("the jobs of one queue hide none of another's", "[job][store]") {
  Jobs jobs{GENERATE(SqlDialect::Sqlite, SqlDialect::MySql)};
  const auto full = fill_queue(jobs);
  const auto other = jobs.submit();
  CHECK(ids(must(jobs.store.startable(2))) == std::vector<JobId>{full[0], full[1], other});
}

TEST_CASE("the state of a job is read alone", "[job][store]") {
  Jobs jobs{GENERATE(SqlDialect::Sqlite, SqlDialect::MySql)};
  const auto id = jobs.submit();
  CHECK(must(jobs.store.state(id)) == JobState::Queued);
  must(jobs.lease(id));
  CHECK(must(jobs.store.state(id)) == JobState::Running);
  CHECK(jobs.store.state(JobId{id.value + 1}).error().code == Code::NotFound);
}

TEST_CASE("what died in one queue hides nothing that died in another, or that has only to end",
          "[job][store]") {
  ManualClock clock;
  Jobs jobs{GENERATE(SqlDialect::Sqlite, SqlDialect::MySql), clock};
  const auto full = fill_queue(jobs);
  const auto ending = jobs.submit(to_full_queue(0));
  const auto other = jobs.submit();
  for (const auto id : full) must(jobs.lease(id));
  for (const auto id : {ending, other}) must(jobs.lease(id));
  must(jobs.store.abort(ending, StopReason::User));
  jobs.expire(clock);
  const std::vector<JobId> expected{full[0], full[1], ending, other};
  CHECK(ids(must(jobs.store.expired(2))) == expected);
  CHECK(ids(must(jobs.store.startable(2))) == expected);
}

TEST_CASE("engines whose clocks differ judge leases at a shared catalog by the database's",
          "[job][store][fencing]") {
  CatalogPlace place{SqlDialect::MySql};
  ManualClock slow, fast;
  fast.advance(24h);
  const auto first = place.open(slow);
  const auto second = place.open(fast);
  JobStore mine{*first}, theirs{*second};
  JobRequest request;
  request.pipeline = Json::object();
  const auto id = must(Jobs::wait<JobStore::Submission>([&](auto done) {
                    mine.submit(request, {}, std::move(done));
                  })).id;
  const auto lease = [id](JobStore& store, std::chrono::milliseconds time) {
    return Jobs::wait<JobStore::Lease>(
        [&](auto done) { store.lease(id, 0, "me", time, std::move(done)); });
  };
  must(lease(mine, 1h));
  CHECK(must(theirs.expired(10)).empty());
  check_refused(lease(theirs, 1h));
  must(mine.expire_leases());
  CHECK(must(lease(theirs, 1ms)).token == 2);
  const auto deadline = std::chrono::steady_clock::now() + 60s;
  while (must(mine.expired(10)).empty() && std::chrono::steady_clock::now() < deadline)
    std::this_thread::yield();
  CHECK(must(lease(mine, 1h)).token == 3);
}

TEST_CASE("lists are newest first, filtered, and paged by id", "[job][store]") {
  Jobs jobs{GENERATE(SqlDialect::Sqlite, SqlDialect::MySql)};
  std::vector<JobId> ids;
  for (int i = 0; i < 5; ++i) {
    JobRequest request;
    request.owner = i % 2 == 0 ? "even" : "odd";
    ids.push_back(jobs.submit(request));
  }
  const auto listed = [&jobs](const JobStore::Filter& filter) {
    std::vector<JobId> found;
    for (const Job& job : must(jobs.store.list(filter))) found.push_back(job.id);
    return found;
  };
  CHECK(listed({}) == std::vector<JobId>{ids[4], ids[3], ids[2], ids[1], ids[0]});
  CHECK(listed({.limit = 2}) == std::vector<JobId>{ids[4], ids[3]});
  CHECK(listed({.before = ids[3], .limit = 2}) == std::vector<JobId>{ids[2], ids[1]});
  CHECK(listed({.owner = "odd"}) == std::vector<JobId>{ids[3], ids[1]});
  CHECK(listed({.dialect = "atflow"}).empty());
  must(jobs.lease(ids[0]));
  CHECK(listed({.state = "running"}) == std::vector<JobId>{ids[0]});
  CHECK(listed({.queue = "default", .state = "queued", .limit = 1}) == std::vector<JobId>{ids[4]});
}

TEST_CASE("a job is leased by one, and each lease has a greater token", "[job][store][fencing]") {
  ManualClock clock;
  Jobs jobs{GENERATE(SqlDialect::Sqlite, SqlDialect::MySql), clock};
  const auto id = jobs.submit();
  const auto first = must(jobs.lease(id));
  CHECK(first.token == 1);
  CHECK(first.attempt == 1);
  CHECK_FALSE(first.is_takeover);
  check_refused(jobs.lease(id));
  CHECK(must(jobs.store.startable(10)).empty());
  jobs.expire(clock);
  REQUIRE(must(jobs.store.startable(10)).size() == 1);
  const auto second = must(jobs.lease(id));
  CHECK(second.token == 2);
  CHECK(second.attempt == 2);
  CHECK(second.is_takeover);
  CHECK(must(jobs.store.get(id)).crashes == 1);
  CHECK(jobs.lease(JobId{99}).error().code == Code::NotFound);
}

TEST_CASE("a stale token is refused whatever it asks for", "[job][store][fencing]") {
  ManualClock clock;
  Jobs jobs{GENERATE(SqlDialect::Sqlite, SqlDialect::MySql), clock};
  const auto id = jobs.submit();
  const auto stale = must(jobs.lease(id));
  jobs.expire(clock);
  const auto current = must(jobs.lease(id));
  const auto before = must(jobs.store.get(id));
  const auto events = jobs.journal(id).size();
  check_refused(jobs.renew(stale));
  check_refused(jobs.store.checkpoint(stale, {3, {}}, Json{}));
  check_refused(jobs.begin_publish(stale, {"qiniu:///z0/out/x"}));
  check_refused(jobs.finish(stale, JobState::Finished));
  check_refused(jobs.finish(stale, JobState::Failed));
  check_refused(jobs.finish(stale, JobState::Aborted));
  check_refused(jobs.requeue(stale, std::nullopt, 0ms));
  CHECK(jobs.journal(id).size() == events);
  CHECK(must(jobs.store.get(id)).state == before.state);
  CHECK_FALSE(must(jobs.store.last_checkpoint(id)).has_value());
  CHECK(must(jobs.store.outputs(id)).empty());
  CHECK(jobs.renew(current).ok());
  must(jobs.begin_publish(current, {"qiniu:///z0/out/x"}));
  check_refused(jobs.finish(stale, JobState::Finished));
  CHECK(jobs.finish(current, JobState::Finished).ok());
}

TEST_CASE("a checkpoint keeps every byte of the states and the last one counts", "[job][store]") {
  Jobs jobs{GENERATE(SqlDialect::Sqlite, SqlDialect::MySql)};
  const auto id = jobs.submit();
  const auto lease = must(jobs.lease(id));
  CHECK_FALSE(must(jobs.store.last_checkpoint(id)).has_value());
  must(jobs.store.checkpoint(lease, {1, {{"a", "old"}}}, Json{{"done", 1}}));
  const std::string bytes{"\x00\xff\x80'\\\n", 6};
  const Checkpoint checkpoint{7, {{"in", bytes}, {"out", "Gr\xc3\xbc\xc3\x9f"}, {"none", ""}}};
  must(jobs.store.checkpoint(lease, checkpoint, Json{{"done", 7}}));
  const auto read = must(jobs.store.last_checkpoint(id));
  REQUIRE(read.has_value());
  CHECK(read->sequence == 7);
  CHECK(read->states == checkpoint.states);
  CHECK(must(jobs.store.get(id)).progress == Json{{"done", 7}});
  must(jobs.finish(lease, JobState::Finished));
  CHECK_FALSE(must(jobs.store.last_checkpoint(id)).has_value());
}

TEST_CASE("what an attempt staged counts for the next one when that has made it its own",
          "[job][store][fencing]") {
  ManualClock clock;
  Jobs jobs{GENERATE(SqlDialect::Sqlite, SqlDialect::MySql), clock};
  const auto id = jobs.submit();
  const auto first = must(jobs.lease(id));
  jobs.store.note_staged(first, "qiniu:///z0/out/a");
  must(jobs.store.checkpoint(first, {1, {{"a", "x"}}}, Json{}));
  jobs.expire(clock);
  const auto second = must(jobs.lease(id));
  const auto inherit = [&jobs](const JobStore::Lease& lease, JobStore::Inherited which) {
    return Jobs::wait<void>([&](auto done) { jobs.store.inherit(lease, which, std::move(done)); });
  };
  using Outputs = std::vector<JobStore::Output>;
  check_refused(inherit(first, JobStore::Inherited::Forget));
  CHECK(must(jobs.store.outputs(id)) == Outputs{{"qiniu:///z0/out/a", first.token}});
  must(inherit(second, JobStore::Inherited::Keep));
  must(inherit(second, JobStore::Inherited::Keep));
  CHECK(must(jobs.store.outputs(id)) == Outputs{{"qiniu:///z0/out/a", second.token}});
  jobs.store.note_staged(first, "qiniu:///z0/out/stale");
  jobs.store.note_staged(second, "qiniu:///z0/out/a");
  jobs.store.note_staged(second, "qiniu:///z0/out/b");
  must(inherit(second, JobStore::Inherited::Keep));
  CHECK(must(jobs.store.outputs(id)) ==
        Outputs{{"qiniu:///z0/out/a", second.token}, {"qiniu:///z0/out/b", second.token}});
  must(inherit(second, JobStore::Inherited::Forget));
  CHECK(must(jobs.store.outputs(id)).empty());
}

TEST_CASE("an end is kept with its result, its error and its journal", "[job][store]") {
  Jobs jobs{GENERATE(SqlDialect::Sqlite, SqlDialect::MySql)};
  const auto id = jobs.submit();
  const auto lease = must(jobs.lease(id));
  JobStore::Ending ending;
  ending.error = Error{Code::DataInvalid, "bad \xff line", "secret detail"};
  ending.failed_node = "filter";
  ending.result = Json{{"rows", 3}};
  ending.counts = Json{{"read", 3}};
  must(jobs.finish(lease, JobState::Failed, ending));
  const Job job = must(jobs.store.get(id));
  CHECK(job.state == JobState::Failed);
  CHECK(job.error["code"] == "data_invalid");
  CHECK(job.error["node"] == "filter");
  CHECK(job.error.dump().find("secret") == std::string::npos);
  CHECK(job.result == ending.result);
  CHECK(job.counts == ending.counts);
  CHECK(job.finished_us > 0);
  CHECK(jobs.journal(id) == std::vector<std::string>{"queued", "running", "failed"});
}

TEST_CASE("a job goes back to the queue, counted or not, and waits for its time", "[job][store]") {
  ManualClock clock;
  Jobs jobs{GENERATE(SqlDialect::Sqlite, SqlDialect::MySql), clock};
  const auto id = jobs.submit();
  const auto not_before_us =
      must(jobs.requeue(must(jobs.lease(id)), Error{Code::Io, "disk away"}, 10s));
  Job job = must(jobs.store.get(id));
  CHECK(job.state == JobState::Queued);
  CHECK(job.failures == 1);
  CHECK(job.attempt == 1);
  CHECK(job.error["message"] == "disk away");
  CHECK(job.not_before_us == not_before_us);
  CHECK(must(jobs.store.startable(10)).empty());
  check_refused(jobs.lease(id));
  // A shared catalog counts by the database's clock.
  const bool is_shared = jobs.catalog->dialect() == SqlDialect::MySql;
  clock.advance(10s);
  CHECK(must(jobs.store.startable(10)).size() == (is_shared ? 0 : 1));
  must(jobs.requeue(must(jobs.lease(id, not_before_us)), std::nullopt, 0ms));
  CHECK(must(jobs.store.startable(10)).size() == 1);
  job = must(jobs.store.get(id));
  CHECK(job.failures == 1);
  CHECK(job.attempt == 1);
  CHECK(must(jobs.lease(id)).token == 3);
}

TEST_CASE("an abort goes as far as the state allows", "[job][store]") {
  Jobs jobs{GENERATE(SqlDialect::Sqlite, SqlDialect::MySql)};
  const auto queued = jobs.submit();
  auto done = must(jobs.store.abort(queued, StopReason::User));
  CHECK(done.state == JobState::Aborted);
  CHECK(done.changed);
  done = must(jobs.store.abort(queued, StopReason::Overload));
  CHECK(done.state == JobState::Aborted);
  CHECK_FALSE(done.changed);
  CHECK(must(jobs.store.get(queued)).stop_reason == StopReason::User);
  check_refused(jobs.lease(queued));

  const auto running = jobs.submit();
  const auto lease = must(jobs.lease(running));
  CHECK(must(jobs.store.abort(running, StopReason::Deadline)).state == JobState::Aborting);
  CHECK_FALSE(must(jobs.store.abort(running, StopReason::User)).changed);
  const auto renewed = must(jobs.renew(lease));
  CHECK(renewed.state == JobState::Aborting);
  CHECK(renewed.stop_reason == StopReason::Deadline);
  check_refused(jobs.begin_publish(lease, {}));
  check_refused(jobs.finish(lease, JobState::Finished));
  check_refused(jobs.requeue(lease, std::nullopt, 0ms));
  must(jobs.finish(lease, JobState::Aborted));
  CHECK(must(jobs.store.get(running)).stop_reason == StopReason::Deadline);

  const auto publishing = jobs.submit();
  const auto last = must(jobs.lease(publishing));
  must(jobs.begin_publish(last, {"qiniu:///z0/out/a", "qiniu:///z0/out/b"}));
  CHECK(must(jobs.store.outputs(publishing)) ==
        std::vector<JobStore::Output>{{"qiniu:///z0/out/a", last.token},
                                      {"qiniu:///z0/out/b", last.token}});
  check_refused(jobs.store.abort(publishing, StopReason::User));
  must(jobs.finish(last, JobState::Finished));
  check_refused(jobs.store.abort(publishing, StopReason::User));
  CHECK(jobs.store.abort(JobId{99}, StopReason::User).error().code == Code::NotFound);
}

TEST_CASE("a failed or aborted job can be asked for again, with its attempts counted anew",
          "[job][store]") {
  Jobs jobs{GENERATE(SqlDialect::Sqlite, SqlDialect::MySql)};
  const auto id = jobs.submit();
  check_refused(jobs.store.retry(id));
  const auto lease = must(jobs.lease(id));
  check_refused(jobs.store.retry(id));
  JobStore::Ending ending;
  ending.error = Error{Code::Internal, "oh"};
  must(jobs.finish(lease, JobState::Failed, ending));
  must(jobs.store.retry(id));
  const Job job = must(jobs.store.get(id));
  CHECK(job.state == JobState::Queued);
  CHECK(job.attempt == 0);
  CHECK(job.error.is_null());
  CHECK(job.finished_us == 0);
  CHECK(must(jobs.lease(id)).token == 2);
}

TEST_CASE("a job that died while it ended is taken over by one, in its state",
          "[job][store][fencing]") {
  ManualClock clock;
  Jobs jobs{GENERATE(SqlDialect::Sqlite, SqlDialect::MySql), clock};
  const auto id = jobs.submit();
  const auto dead = must(jobs.lease(id));
  must(jobs.begin_publish(dead, {"qiniu:///z0/out/a"}));
  check_refused(jobs.take_over(id));
  jobs.expire(clock);
  check_refused(jobs.lease(id));  // it is not to run again
  const auto taken = must(jobs.take_over(id));
  CHECK(taken.state == JobState::Publishing);
  CHECK(taken.lease.token == dead.token + 1);
  check_refused(jobs.take_over(id));
  check_refused(jobs.finish(dead, JobState::Finished));
  must(jobs.finish(taken.lease, JobState::Finished));
}

TEST_CASE("the journal takes lines of others in order", "[job][store]") {
  Jobs jobs{GENERATE(SqlDialect::Sqlite, SqlDialect::MySql)};
  const auto id = jobs.submit();
  must(jobs.store.log(id, "log", Json{{"message", "hello"}}));
  const auto lease = must(jobs.lease(id));
  jobs.store.note(lease, "log", Json{{"message", "again"}});
  jobs.store.note({id, lease.token - 1}, "log", Json{{"message", "of a stale attempt"}});
  must(jobs.store.log(id, "custom", Json{}));
  const auto events = must(jobs.store.events(id, 1, 2));
  REQUIRE(events.size() == 2);
  CHECK(events[0].body["message"] == "hello");
  CHECK(events[1].sequence == 3);
  CHECK(jobs.journal(id) == std::vector<std::string>{"queued", "log", "running", "log", "custom"});
  CHECK(jobs.store.log(JobId{99}, "log", Json{}).error().code == Code::NotFound);
}

TEST_CASE("jobs that ended before a time go, with their journal and their key; the others stay",
          "[job][store][retention]") {
  ManualClock clock;
  Jobs jobs{GENERATE(SqlDialect::Sqlite, SqlDialect::MySql), clock};
  JobRequest request;
  request.pipeline = Json::object();
  request.idempotency_key = "old";
  const auto old = jobs.submit(request);
  must(jobs.store.abort(old, StopReason::User));
  request.idempotency_key = "waiting";
  const auto waiting = jobs.submit(request);
  clock.advance(24h);
  request.idempotency_key = "young";
  const auto young = jobs.submit(request);
  must(jobs.store.abort(young, StopReason::User));
  const auto before = to_micros(clock.now()) - 3'600'000'000;
  const auto removed = must(jobs.store.remove_ended(before, {}));
  CHECK(removed.jobs == 1);
  CHECK(removed.is_last);
  CHECK_FALSE(jobs.store.get(old).ok());
  CHECK(must(jobs.store.events(old, 0, 100)).empty());
  CHECK(jobs.store.get(waiting).ok());
  CHECK(jobs.store.get(young).ok());
  request.idempotency_key = "old";
  CHECK(must(jobs.try_submit(request)).is_new);
  request.idempotency_key = "young";
  CHECK(must(jobs.try_submit(request)).id == young);
}

TEST_CASE("old jobs go in steps that begin where the last one ended", "[job][store][retention]") {
  ManualClock clock;
  Jobs jobs{SqlDialect::Sqlite, clock};
  constexpr int kMany = 250;
  for (int i = 0; i < kMany; ++i) must(jobs.store.abort(jobs.submit(), StopReason::User));
  clock.advance(24h);
  JobId after{};
  int total = 0, steps = 0;
  while (true) {
    const auto removed = must(jobs.store.remove_ended(to_micros(clock.now()), after));
    total += removed.jobs;
    CHECK(removed.jobs <= 100);
    ++steps;
    if (removed.is_last) break;
    CHECK(removed.looked_at.value > after.value);
    after = removed.looked_at;
  }
  CHECK(total == kMany);
  CHECK(steps == 3);
  CHECK(must(jobs.store.list({})).empty());
}
