#include <algorithm>
#include <utility>

#include "engine/base/utf8.hpp"
#include "engine/job/ending_policy.hpp"
#include "engine/job/job_followers.hpp"
#include "engine/job/job_rows.hpp"
#include "engine/job/job_store.hpp"
#include "engine/job/newest_job.hpp"
#include "engine/job/rights_json.hpp"

#include <fmt/format.h>

// How jobs come into the catalog: one, many that are each their own, or a chain that is there as a
// whole or not at all.

namespace millrace {

namespace {

Result<void> check_text(std::string_view what, std::string_view value, std::size_t most) {
  if (!is_utf8(value))
    return Error{Code::InvalidArgument, fmt::format("job: {} is not UTF-8", what)};
  // The columns count characters; bytes are never fewer.
  if (value.size() > most) {
    return Error{Code::InvalidArgument, fmt::format("job: {} is longer than {} bytes", what, most)};
  }
  return {};
}

Result<void> check_request(const JobRequest& request) {
  MR_CHECK(check_text("dialect", request.dialect, 64));
  MR_CHECK(check_text("external_id", request.external_id, 255));
  MR_CHECK(check_text("owner", request.owner, 255));
  MR_CHECK(check_queue_name(request.queue));
  MR_CHECK(check_text("idempotency_key", request.idempotency_key, 255));
  if (!request.pipeline->is_object())
    return Error{Code::InvalidArgument, "job: the pipeline is not an object"};
  if (request.max_attempts < 1)
    return Error{Code::InvalidArgument, "job: max_attempts is at least 1"};
  if (request.after.delay.count() < 0 || request.after.delay > kLongestDelay) {
    return Error{Code::InvalidArgument,
                 fmt::format("job: after: the delay is 0 to {} seconds: {}", kLongestDelay.count(),
                             request.after.delay.count())};
  }
  if (request.deadline && request.deadline->count() < 1) {
    return Error{Code::InvalidArgument, "job: the deadline is at least 1 second"};
  }
  return {};
}

Result<void> check_chain(const JobChain& chain) {
  MR_CHECK(check_request(chain.first));
  if (chain.followers.size() >= kMostInChain) {
    return Error{Code::InvalidArgument,
                 fmt::format("job: chain: {} jobs, and {} are submitted together at the most",
                             chain.followers.size() + 1, kMostInChain)};
  }
  for (std::size_t i = 0; i < chain.followers.size(); ++i) {
    const auto& [job, after] = chain.followers[i];
    auto checked = check_request(job);
    if (!checked.ok()) return checked.error().within(fmt::format("follower {}", i + 1));
    if (after > i) {
      return Error{Code::InvalidArgument,
                   fmt::format("job: chain: follower {} waits for one that does not stand before "
                               "it: {}",
                               i + 1, after)};
    }
    if (job.after.job || !job.idempotency_key.empty()) {
      return Error{Code::InvalidArgument,
                   fmt::format("job: chain: follower {} has {} of its own", i + 1,
                               job.after.job ? "a job to wait for" : "an idempotency key")};
    }
  }
  return {};
}

// A submission on its way through the writer's thread; may be written more than once.
struct Submitting {
  JobRequest request;
  std::string name, pipeline;
  SqlValue facts;
  std::string rights, rules;
  std::int64_t now_us = 0;
  bool is_wanted = true;  // false: refused before it is written
  JobStore::Submission made{};
};

Result<bool> find_by_key(Connection& connection, Submitting& work) {
  if (work.request.idempotency_key.empty()) return false;
  MR_TRY(const SqlRows found,
         connection.query("SELECT id FROM jobs WHERE owner = ? AND idempotency_key = ?",
                          {work.request.owner, work.request.idempotency_key}));
  if (found.rows.empty()) return false;
  work.made = {JobId{integer(found.rows[0].at(0))}, false};
  return true;
}

// The first line of a job's journal, whose number needs no look at the job.
Result<void> add_first_event(Connection& connection, JobId id, std::int64_t time_us,
                             const After& after, const detail::Beginning& begin) {
  Json body;
  if (begin.state == JobState::Waiting) {
    body = Json{{"after", after.job.value},
                {"delay_s", after.delay.count()},
                {"when", to_string(after.when)}};
  }
  if (begin.state == JobState::Aborted) body = Json{{"reason", to_string(begin.reason)}};
  MR_CHECK(connection.execute(
      "INSERT INTO job_events (job_id, sequence, time_us, kind, body) VALUES (?, 1, ?, ?, ?)",
      {id.value, time_us, std::string{to_string(begin.state)}, detail::to_sql(body)}));
  return {};
}

Result<void> insert(Connection& connection, SqlDialect dialect, Submitting& work,
                    std::int64_t created_us) {
  const JobRequest& request = work.request;
  detail::Beginning begin;
  if (request.after.job) {
    MR_TRY(begin, detail::begin_behind(connection, dialect, request.after, work.now_us));
  }
  const bool has_ended = begin.state == JobState::Aborted;
  const auto optional = [](const std::string& value) {
    return value.empty() ? SqlValue{nullptr} : SqlValue{value};
  };
  const std::int64_t deadline_us =
      request.deadline ? std::chrono::microseconds{*request.deadline}.count() : std::int64_t{0};
  MR_TRY(const std::int64_t id,
         connection.insert(
             "INSERT INTO jobs (dialect, external_id, owner, queue, name, priority, state, "
             "stop_reason, created_us, "
             "started_us, finished_us, updated_us, not_before_us, deadline_us, attempt, failures, "
             "crashes, max_attempts, "
             "token, lease_holder, lease_until_us, last_event, idempotency_key, pipeline, facts, "
             "rights, rules, after_job, after_delay_s, after_when, after_depth, sealed) VALUES "
             "(?, ?, ?, ?, ?, ?, ?, ?, ?, 0, ?, ?, ?, ?, 0, 0, 0, ?, 0, '', 0, 1, ?, ?, "
             "?, ?, ?, ?, ?, ?, ?, ?)",
             {request.dialect,
              optional(request.external_id),
              request.owner,
              request.queue,
              work.name,
              std::int64_t{request.priority},
              std::string{to_string(begin.state)},
              std::string{to_string(begin.reason)},
              created_us,
              has_ended ? created_us : std::int64_t{0},
              created_us,
              begin.not_before_us,
              deadline_us,
              std::int64_t{request.max_attempts},
              optional(request.idempotency_key),
              work.pipeline,
              work.facts,
              work.rights,
              work.rules,
              request.after.job ? SqlValue{request.after.job.value} : SqlValue{nullptr},
              std::int64_t{request.after.delay.count()},
              std::string{to_string(request.after.when)},
              begin.depth,
              optional(request.sealed_file)}));
  work.made = {JobId{id}, true, begin.state, begin.not_before_us,
               std::max<std::int64_t>(0, begin.not_before_us - begin.now_us)};
  return add_first_event(connection, JobId{id}, created_us, request.after, begin);
}

Submitting prepare(JobRequest request, const std::string& rights, std::int64_t now_us) {
  Submitting work;
  work.name = pipeline_name(request.pipeline);
  work.pipeline = request.pipeline.text();
  work.facts = detail::to_sql(request.facts);
  work.rights = rights;
  work.rules = to_text(request.rules);
  work.now_us = now_us;
  work.request = std::move(request);
  return work;
}

// What it weighs in the queue of writes.
std::size_t bytes_of(const Submitting& work) {
  return Catalog::kUsualWriteBytes + work.pipeline.size() + work.rights.size() + work.rules.size() +
         millrace::bytes_of({work.facts});
}

// Writes one submission. What its own request is the reason of undoes nothing of others in the same
// transaction: a statement that fails has changed nothing.
Result<void> write(Connection& connection, SqlDialect dialect, JobStore::Newest& newest,
                   Submitting& work) {
  MR_TRY(const bool known, find_by_key(connection, work));
  if (known) return {};
  MR_TRY(const std::int64_t created_us, newest.next(connection, work.now_us));
  auto inserted = insert(connection, dialect, work, created_us);
  if (inserted.ok() || inserted.error().code != Code::Conflict) return inserted;
  // Another process may have been faster with the same key.
  MR_TRY(const bool taken, find_by_key(connection, work));
  if (taken) return {};
  return Error{Code::Conflict,
               fmt::format("job exists: {} has one with the id {}", work.request.dialect,
                           work.request.external_id),
               std::move(inserted).error().detail};
}

// A chain on its way, as Submitting is.
struct SubmittingChain {
  std::vector<Submitting> works;   // the first job, and its followers
  std::vector<std::size_t> after;  // of each follower: the work that it waits for

  [[nodiscard]] bool is_new() const { return works.front().made.is_new; }
};

// Where the first job is there already, so are those that came with it.
Result<void> write(Connection& connection, SqlDialect dialect, JobStore::Newest& newest,
                   SubmittingChain& chain) {
  MR_CHECK(write(connection, dialect, newest, chain.works.front()));
  for (std::size_t i = 1; chain.is_new() && i < chain.works.size(); ++i) {
    chain.works[i].request.after.job = chain.works[chain.after[i - 1]].made.id;
    MR_CHECK(write(connection, dialect, newest, chain.works[i]));
  }
  return {};
}

// As many jobs of one request share a write: they hold the writer for some milliseconds.
constexpr std::size_t kJobsPerWrite = 256;

}  // namespace

// What submit_all() was asked for. Its writes and callbacks come one after the other, so they share
// it without a lock.
struct JobStore::SubmittingAll {
  std::vector<Submitting> works;
  std::vector<Result<JobStore::Submission>> answers;
  JobStore::SubmittedAll done;
  SqlDialect dialect = SqlDialect::Sqlite;

  // Writes the jobs from `first` on, as many as share a write.
  Result<void> write_some(Connection& connection, JobStore::Newest& newest, std::size_t first) {
    for (std::size_t i = first; i < std::min(first + kJobsPerWrite, works.size()); ++i) {
      if (!works[i].is_wanted) continue;
      auto written = write(connection, dialect, newest, works[i]);
      if (!written.ok() &&
          after_error(EndingStep::Write, written.error().code) == EndingChoice::Again) {
        return written;  // of the database, not of this job
      }
      answers[i] =
          written.ok() ? Result<JobStore::Submission>{works[i].made} : std::move(written).error();
    }
    return {};
  }
};

void JobStore::submit(JobRequest request, const StoreRights& rights, Submitted done) {
  submit_chain({std::move(request)}, rights,
               [done = std::move(done)](Result<std::vector<Submission>> made) {
                 if (!made.ok()) return done(std::move(made).error());
                 done(made->front());
               });
}

void JobStore::submit_chain(JobChain chain, const StoreRights& rights, SubmittedChain done) {
  if (auto checked = check_chain(chain); !checked.ok()) return done(std::move(checked).error());
  auto work = std::make_shared<SubmittingChain>();  // shared by the write and its callback
  const std::string rights_text = to_text(rights);
  const auto now_us = to_micros(catalog_.clock().now());
  work->works.push_back(prepare(std::move(chain.first), rights_text, now_us));
  for (auto& [job, after] : chain.followers) {
    work->works.push_back(prepare(std::move(job), rights_text, now_us));
    work->after.push_back(after);
  }
  std::size_t bytes = 0;
  for (const Submitting& each : work->works) bytes += bytes_of(each);
  catalog_.write([work, newest = newest_, dialect = catalog_.dialect()](
                     Connection& connection) { return write(connection, dialect, *newest, *work); },
                 [work, done = std::move(done)](Result<void> committed) {
                   if (!committed.ok()) return done(std::move(committed).error());
                   std::vector<Submission> made;
                   for (const Submitting& each : work->works) {
                     made.push_back(each.made);
                     if (!work->is_new()) break;
                   }
                   done(std::move(made));
                 },
                 bytes);
}

void JobStore::submit_all(std::vector<JobRequest> requests, const StoreRights& rights,
                          SubmittedAll done) {
  auto all = std::make_shared<SubmittingAll>();  // shared by the writes and their callbacks
  const std::string rights_text = to_text(rights);
  const auto now_us = to_micros(catalog_.clock().now());
  for (JobRequest& request : requests) {
    auto checked = check_request(request);
    all->answers.emplace_back(Submission{});
    all->works.push_back(checked.ok() ? prepare(std::move(request), rights_text, now_us)
                                      : Submitting{});
    all->works.back().is_wanted = checked.ok();
    if (!checked.ok()) all->answers.back() = std::move(checked).error();
  }
  all->done = std::move(done);
  all->dialect = catalog_.dialect();
  write_all(all, 0);
}

// One write after the other, so that a large request takes turns with everybody else's.
void JobStore::write_all(const std::shared_ptr<SubmittingAll>& all, std::size_t first) {
  if (first >= all->works.size()) return all->done(std::move(all->answers));
  std::size_t bytes = 0;
  for (std::size_t i = first; i < std::min(first + kJobsPerWrite, all->works.size()); ++i)
    bytes += bytes_of(all->works[i]);
  catalog_.write(
      [all, first, newest = newest_](Connection& connection) {
        return all->write_some(connection, *newest, first);
      },
      [this, all, first](Result<void> committed) {
        const auto behind = std::min(first + kJobsPerWrite, all->works.size());
        for (std::size_t i = first; !committed.ok() && i < behind; ++i) {
          if (all->works[i].is_wanted) all->answers[i] = committed.error();
        }
        write_all(all, behind);
      },
      bytes);
}

}  // namespace millrace
