#include "engine/job/job_store.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

#include "engine/base/utf8.hpp"
#include "engine/job/ending_policy.hpp"
#include "engine/job/job_followers.hpp"
#include "engine/job/job_rows.hpp"
#include "engine/job/rights_json.hpp"
#include "engine/job/sealed_files.hpp"

#include <fmt/format.h>

namespace millrace {

using detail::text;

// The newest time of creation: it never decreases from one job to the next. [writer's thread]
struct JobStore::Newest {
  std::int64_t created_us = -1;  // not read yet

  Result<std::int64_t> next(Connection& connection, std::int64_t now_us) {
    if (created_us < 0) {
      MR_TRY(const SqlRows last,
             connection.query("SELECT created_us FROM jobs ORDER BY id DESC LIMIT 1"));
      created_us = last.rows.empty() ? 0 : integer(last.rows[0].at(0));
    }
    created_us = std::max(created_us, now_us);
    return created_us;
  }
};

JobStore::JobStore(Catalog& catalog, std::string_view sealed_place)
    : catalog_{catalog},
      is_startable_here_{fmt::format("(sealed IS NULL OR SUBSTR(sealed, 1, {}) = '{}')",
                                     SealedFiles::kPlaceDigits, sealed_place)},
      lease_now_{detail::lease_now(catalog.dialect())},
      start_queued_{detail::start_statement(
          lease_now_, "state = 'queued' AND not_before_us <= ? AND " + is_startable_here_)},
      start_expired_{detail::start_statement(
          lease_now_,
          "state = 'running' AND lease_until_us < " + lease_now_ + " AND " + is_startable_here_)},
      newest_{std::make_shared<Newest>()} {}

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

// "7"; nothing for any other text, such as "007".
std::optional<std::int64_t> read_number(std::string_view text) {
  std::int64_t number = 0;
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (fault != std::errc{} || std::to_string(number) != text) return std::nullopt;
  return number;
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
                             const After& after, JobState state) {
  Json body;
  if (state == JobState::Waiting)
    body = Json{{"after", after.job.value}, {"delay_s", after.delay.count()}};
  if (state == JobState::Aborted) body = Json{{"reason", to_string(StopReason::UpstreamFailed)}};
  MR_CHECK(connection.execute(
      "INSERT INTO job_events (job_id, sequence, time_us, kind, body) VALUES (?, 1, ?, ?, ?)",
      {id.value, time_us, std::string{to_string(state)}, detail::to_sql(body)}));
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
             "rights, rules, after_job, after_delay_s, after_depth, sealed) VALUES "
             "(?, ?, ?, ?, ?, ?, ?, ?, ?, 0, ?, ?, ?, ?, 0, 0, 0, ?, 0, '', 0, 1, ?, ?, "
             "?, ?, ?, ?, ?, ?, ?)",
             {request.dialect,
              optional(request.external_id),
              request.owner,
              request.queue,
              work.name,
              std::int64_t{request.priority},
              std::string{to_string(begin.state)},
              std::string{to_string(has_ended ? StopReason::UpstreamFailed : StopReason::None)},
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
              begin.depth,
              optional(request.sealed_file)}));
  work.made = {JobId{id}, true, begin.state, begin.not_before_us,
               std::max<std::int64_t>(0, begin.not_before_us - begin.now_us)};
  return add_first_event(connection, JobId{id}, created_us, request.after, begin.state);
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

// Asks for jobs, best first: so many of each queue and state that the jobs of a queue that stands
// still hide none of another's, and none that have only to end.
// `now` is SQL of the time; it and the condition take one value each, the engine's time.
std::string best_of_each(std::string_view now, std::string_view condition) {
  return fmt::format(
      "SELECT id, queue, priority, not_before_us, state, {} FROM (SELECT id, queue, priority, "
      "not_before_us, state, ROW_NUMBER() OVER (PARTITION BY queue, state ORDER BY priority DESC, "
      "id) AS place FROM jobs WHERE {}) AS found WHERE place <= ? ORDER BY place, priority DESC, "
      "id LIMIT ?",
      now, condition);
}

// Of each state the best of so many queues are looked at.
constexpr std::int64_t kQueuesLookedAt = 64;

// Best first.
void sort_by_rank(std::vector<JobStore::Waiting>& jobs) {
  std::sort(jobs.begin(), jobs.end(), [](const auto& a, const auto& b) {
    return std::pair{-a.priority, a.id} < std::pair{-b.priority, b.id};
  });
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
  if (auto checked = check_request(request); !checked.ok()) return done(std::move(checked).error());
  // Shared by the write and its callback.
  auto work = std::make_shared<Submitting>(
      prepare(std::move(request), to_text(rights), to_micros(catalog_.clock().now())));
  const std::size_t bytes = bytes_of(*work);
  catalog_.write([work, newest = newest_, dialect = catalog_.dialect()](
                     Connection& connection) { return write(connection, dialect, *newest, *work); },
                 [work, done = std::move(done)](Result<void> committed) {
                   if (!committed.ok()) return done(std::move(committed).error());
                   done(work->made);
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

Result<JobState> JobStore::state(JobId id) {
  std::optional<JobState> state;
  bool is_there = false;
  MR_CHECK(catalog_.read([&](Connection& connection) -> Result<void> {
    MR_TRY(const SqlRows rows, connection.query("SELECT state FROM jobs WHERE id = ?", {id.value}));
    is_there = !rows.rows.empty();
    if (is_there) state = read_job_state(detail::text(rows.rows[0][0]));
    return {};
  }));
  if (!is_there) return Error{Code::NotFound, fmt::format("no such job: {}", id.value)};
  if (!state) return Error{Code::Internal, fmt::format("job in an unknown state: {}", id.value)};
  return *state;
}

Result<Job> JobStore::get(JobId id) {
  Result<Job> found = Error{Code::NotFound, fmt::format("no such job: {}", id.value)};
  MR_CHECK(catalog_.read([&](Connection& connection) -> Result<void> {
    static const std::string sql =
        fmt::format("SELECT {} FROM jobs WHERE id = ?", detail::kJobColumns);
    MR_TRY(const SqlRows rows, connection.query(sql, {id.value}));
    if (!rows.rows.empty()) found = detail::read_job(rows.rows[0]);
    return {};
  }));
  return found;
}

Result<Job> JobStore::get(std::string_view dialect, std::string_view external_id) {
  Result<Job> found = Error{Code::NotFound, fmt::format("no such job: {}", printable(external_id))};
  MR_CHECK(catalog_.read([&](Connection& connection) -> Result<void> {
    static const std::string chosen = fmt::format(
        "SELECT {} FROM jobs WHERE dialect = ? AND external_id = ?", detail::kJobColumns);
    static const std::string numbered =
        fmt::format("SELECT {} FROM jobs WHERE id = ? AND dialect = ? AND external_id IS NULL",
                    detail::kJobColumns);
    MR_TRY(SqlRows rows,
           connection.query(chosen, {std::string{dialect}, std::string{external_id}}));
    // A job whose client chose no id has its number.
    const auto number = read_number(external_id);
    if (rows.rows.empty() && number) {
      MR_TRY(rows, connection.query(numbered, {*number, std::string{dialect}}));
    }
    if (!rows.rows.empty()) found = detail::read_job(rows.rows[0]);
    return {};
  }));
  return found;
}

Result<std::vector<Job>> JobStore::list(const Filter& filter) {
  std::string sql = fmt::format("SELECT {} FROM jobs", detail::kJobColumns);
  std::vector<SqlValue> values;
  const auto add = [&sql, &values](std::string_view condition, SqlValue value) {
    sql += values.empty() ? " WHERE " : " AND ";
    sql += condition;
    values.push_back(std::move(value));
  };
  if (!filter.dialect.empty()) add("dialect = ?", filter.dialect);
  if (!filter.owner.empty()) add("owner = ?", filter.owner);
  if (!filter.queue.empty()) add("queue = ?", filter.queue);
  if (!filter.state.empty()) add("state = ?", filter.state);
  if (filter.before) add("id < ?", filter.before.value);
  sql += " ORDER BY id DESC LIMIT ?";
  values.emplace_back(std::int64_t{std::max(filter.limit, 0)});
  std::vector<Job> jobs;
  MR_CHECK(catalog_.read([&](Connection& connection) -> Result<void> {
    jobs.clear();
    MR_TRY(const SqlRows rows, connection.query(sql, values));
    for (const auto& row : rows.rows) {
      MR_TRY(Job job, detail::read_job(row));
      jobs.push_back(std::move(job));
    }
    return {};
  }));
  return jobs;
}

Result<std::vector<JobEvent>> JobStore::events(JobId id, std::int64_t after, int limit) {
  std::vector<JobEvent> events;
  MR_CHECK(catalog_.read([&](Connection& connection) -> Result<void> {
    events.clear();
    MR_TRY(const SqlRows rows,
           connection.query("SELECT sequence, time_us, kind, body FROM job_events WHERE job_id = ? "
                            "AND sequence > ? "
                            "ORDER BY sequence LIMIT ?",
                            {id.value, after, std::int64_t{std::max(limit, 0)}}));
    for (const auto& row : rows.rows) {
      MR_TRY(Json body, detail::document(row.at(3), "body"));
      events.push_back({integer(row.at(0)), integer(row.at(1)), text(row.at(2)), std::move(body)});
    }
    return {};
  }));
  return events;
}

Result<std::vector<JobStore::Waiting>> JobStore::expired(int limit) {
  std::vector<Waiting> found;
  const auto now = to_micros(catalog_.clock().now());
  MR_CHECK(catalog_.read([&](Connection& connection) -> Result<void> {
    MR_TRY(const SqlRows rows,
           connection.query(best_of_each(lease_now_,
                                         "state IN ('running', 'publishing', 'aborting') AND "
                                         "lease_until_us < " +
                                             lease_now_ + " AND (state <> 'running' OR " +
                                             is_startable_here_ + ")"),
                            {now, now, std::int64_t{limit}, limit * kQueuesLookedAt}));
    MR_TRY(found, detail::read_waiting(rows));
    return {};
  }));
  sort_by_rank(found);
  return found;
}

Result<std::vector<JobStore::Waiting>> JobStore::startable(int limit) {
  MR_TRY(std::vector<Waiting> found, expired(limit));
  const auto now = to_micros(catalog_.clock().now());
  std::vector<Waiting> more;
  MR_CHECK(catalog_.read([&](Connection& connection) -> Result<void> {
    MR_TRY(const SqlRows rows,
           connection.query(best_of_each(lease_now_, "state = 'queued' AND not_before_us <= " +
                                                         lease_now_ + " AND " + is_startable_here_),
                            {now, now, std::int64_t{limit}, limit * kQueuesLookedAt}));
    MR_TRY(more, detail::read_waiting(rows));
    return {};
  }));
  std::move(more.begin(), more.end(), std::back_inserter(found));
  sort_by_rank(found);
  return found;
}

Result<std::size_t> JobStore::count_waiting(std::size_t most) {
  std::size_t count = 0;
  MR_CHECK(catalog_.read([&](Connection& connection) -> Result<void> {
    MR_TRY(const SqlRows rows,
           connection.query("SELECT COUNT(*) FROM (SELECT 1 FROM jobs WHERE state IN ('queued', "
                            "'waiting') LIMIT ?) AS found",
                            {static_cast<std::int64_t>(most)}));
    count = static_cast<std::size_t>(integer(rows.rows.at(0).at(0)));
    return {};
  }));
  return count;
}

Result<std::vector<JobStore::Waiting>> JobStore::queued(JobId after, int limit) {
  std::vector<Waiting> found;
  const auto now = to_micros(catalog_.clock().now());
  MR_CHECK(catalog_.read([&](Connection& connection) -> Result<void> {
    MR_TRY(
        const SqlRows rows,
        connection.query("SELECT id, queue, priority, not_before_us, state, " + lease_now_ +
                             " FROM jobs WHERE state IN ('queued', 'waiting') AND id > ? ORDER BY "
                             "id LIMIT ?",
                         {now, after.value, std::int64_t{limit}}));
    MR_TRY(found, detail::read_waiting(rows));
    return {};
  }));
  return found;
}

Result<std::set<std::string>> JobStore::sealed_files() {
  std::set<std::string> found;
  MR_CHECK(catalog_.read([&](Connection& connection) -> Result<void> {
    found.clear();
    MR_TRY(const SqlRows rows,
           connection.query("SELECT sealed FROM jobs WHERE sealed IS NOT NULL AND state IN "
                            "('waiting', 'queued', 'running', 'publishing', 'aborting')"));
    for (const auto& row : rows.rows) found.insert(text(row.at(0)));
    return {};
  }));
  return found;
}

Result<std::optional<Checkpoint>> JobStore::last_checkpoint(JobId id) {
  std::optional<Checkpoint> found;
  MR_CHECK(catalog_.read([&](Connection& connection) -> Result<void> {
    MR_TRY(const SqlRows rows,
           connection.query("SELECT sequence, states FROM job_checkpoints WHERE job_id = ?",
                            {id.value}));
    if (rows.rows.empty()) return {};
    MR_TRY(found, detail::read_states(integer(rows.rows[0].at(0)), text(rows.rows[0].at(1))));
    return {};
  }));
  return found;
}

Result<std::vector<JobStore::Output>> JobStore::outputs(JobId id) {
  std::vector<Output> found;
  MR_CHECK(catalog_.read([&](Connection& connection) -> Result<void> {
    found.clear();
    MR_TRY(const SqlRows rows,
           connection.query("SELECT uri, token FROM job_outputs WHERE job_id = ? ORDER BY place",
                            {id.value}));
    for (const auto& row : rows.rows) found.push_back({text(row.at(0)), integer(row.at(1))});
    return {};
  }));
  return found;
}

Result<std::string> JobStore::changes(JobId id) {
  std::string found;
  MR_CHECK(catalog_.read([&](Connection& connection) -> Result<void> {
    MR_TRY(const SqlRows rows,
           connection.query("SELECT changes FROM jobs WHERE id = ?", {id.value}));
    found = rows.rows.empty() ? std::string{} : text(rows.rows[0].at(0));
    return {};
  }));
  return found;
}

}  // namespace millrace
