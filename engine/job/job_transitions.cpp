#include <algorithm>
#include <utility>

#include "engine/base/quoted.hpp"
#include "engine/job/ending_changes.hpp"
#include "engine/job/job_followers.hpp"
#include "engine/job/job_rows.hpp"
#include "engine/job/job_store.hpp"

#include <fmt/format.h>

// The changes of a job's state. Each is one UPDATE whose WHERE names the states that may be left
// and, behind a lease, its token; `state` is assigned last, since MySQL evaluates the assignments
// of one UPDATE in order.

namespace millrace {

using detail::add_event;
using detail::refusal;
using detail::text;
using detail::to_sql;

namespace {

// " AND state IN ('running', ...)": all states of a leased job from which `to` may be reached.
std::string may_become(JobState to) {
  std::string condition;
  for (const auto from : {JobState::Running, JobState::Publishing, JobState::Aborting}) {
    if (!may_follow(from, to)) continue;
    fmt::format_to(std::back_inserter(condition), "{}'{}'", condition.empty() ? "" : ", ",
                   to_string(from));
  }
  return fmt::format(" AND state IN ({})", condition);
}

// The cause is the message for who knows no nodes.
Json error_document(const Error& error, const std::string& node) {
  Json document{{"code", to_string(error.code)}, {"message", error.message}};
  if (node.empty()) return document;
  document["node"] = node;
  if (const auto prefix = node + ": "; error.message.starts_with(prefix))
    document["cause"] = error.message.substr(prefix.size());
  return document;
}

}  // namespace

Result<void> JobStore::expire_leases() {
  return catalog_.write_and_wait([](Connection& connection) -> Result<void> {
    MR_CHECK(connection.execute(
        "UPDATE jobs SET lease_until_us = 0 WHERE state IN ('running', 'publishing', 'aborting')"));
    return {};
  });
}

void JobStore::lease(JobId id, std::int64_t not_before_us, std::string_view holder,
                     std::chrono::milliseconds time, std::function<void(Result<Lease>)> done) {
  auto made = std::make_shared<Lease>();  // shared by the write and its callback
  const auto now = to_micros(catalog_.clock().now());
  const std::int64_t time_us = std::chrono::microseconds{time}.count();
  catalog_.write(
      [=, this, name = std::string{holder}](Connection& connection) -> Result<void> {
        bool is_takeover = false;
        MR_TRY(auto changed,
               connection.execute(start_queued_, {std::int64_t{0}, now, name, now, time_us, now,
                                                  id.value, not_before_us}));
        if (changed.rows == 0) {
          is_takeover = true;
          MR_TRY(changed, connection.execute(start_expired_, {std::int64_t{1}, now, name, now,
                                                              time_us, now, id.value, now}));
        }
        if (changed.rows == 0) return refusal(connection, id, "a start");
        MR_TRY(const SqlRows row,
               connection.query("SELECT token, attempt FROM jobs WHERE id = ?", {id.value}));
        const auto& values = row.rows.at(0);
        *made = {id, integer(values.at(0)), static_cast<int>(integer(values.at(1))), is_takeover};
        return add_event(connection, id, now, "running",
                         SqlValue{fmt::format(R"({{"attempt":{},"holder":{}}})", made->attempt,
                                              quoted_text(name))});
      },
      [made, done = std::move(done)](Result<void> committed) {
        if (!committed.ok()) return done(std::move(committed).error());
        done(*made);
      });
}

void JobStore::take_over(JobId id, std::string_view holder, std::chrono::milliseconds time,
                         std::function<void(Result<Interrupted>)> done) {
  auto taken = std::make_shared<Interrupted>();  // shared by the write and its callback
  const auto now = to_micros(catalog_.clock().now());
  const std::int64_t time_us = std::chrono::microseconds{time}.count();
  catalog_.write(
      [=, this, name = std::string{holder}](Connection& connection) -> Result<void> {
        MR_TRY(const auto changed,
               connection.execute(
                   fmt::format("UPDATE jobs SET token = token + 1, lease_holder = ?, "
                               "lease_until_us = {0} + ?, updated_us = ?, last_event = last_event "
                               "+ 1 WHERE id = ? AND state IN ('publishing', 'aborting') AND "
                               "lease_until_us < {0}",
                               lease_now_),
                   {name, now, time_us, now, id.value, now}));
        if (changed.rows == 0) return refusal(connection, id, "taking it over");
        MR_TRY(const SqlRows row,
               connection.query("SELECT token, attempt, state FROM jobs WHERE id = ?", {id.value}));
        const auto& values = row.rows.at(0);
        *taken = {{id, integer(values.at(0)), static_cast<int>(integer(values.at(1))), true},
                  read_job_state(text(values.at(2))).value_or(JobState::Publishing)};
        return add_event(connection, id, now, "resumed", Json{{"holder", name}});
      },
      [taken, done = std::move(done)](Result<void> committed) {
        if (!committed.ok()) return done(std::move(committed).error());
        done(*taken);
      });
}

void JobStore::renew(const Lease& lease, std::chrono::milliseconds time,
                     std::function<void(Result<Renewed>)> done) {
  auto found = std::make_shared<Renewed>();  // shared by the write and its callback
  const auto now = to_micros(catalog_.clock().now());
  const std::int64_t time_us = std::chrono::microseconds{time}.count();
  catalog_.write(
      [=, this](Connection& connection) -> Result<void> {
        MR_TRY(const SqlRows row, connection.query("SELECT state, stop_reason FROM jobs WHERE id = "
                                                   "? AND token = ? AND state IN ('running', "
                                                   "'publishing', 'aborting')",
                                                   {lease.job.value, lease.token}));
        if (row.rows.empty()) return refusal(connection, lease.job, "renewing the lease");
        *found = {read_job_state(text(row.rows[0].at(0))).value_or(JobState::Running),
                  read_stop_reason(text(row.rows[0].at(1)))};
        MR_TRY(const auto changed,
               connection.execute(fmt::format("UPDATE jobs SET lease_until_us = {} + ? WHERE id = "
                                              "? AND token = ?",
                                              lease_now_),
                                  {now, time_us, lease.job.value, lease.token}));
        // Taken over between the two statements.
        if (changed.rows == 0) return refusal(connection, lease.job, "renewing the lease");
        return {};
      },
      [found, done = std::move(done)](Result<void> committed) {
        if (!committed.ok()) return done(std::move(committed).error());
        done(*found);
      });
}

Result<void> JobStore::checkpoint(const Lease& lease, const Checkpoint& checkpoint,
                                  const Json& progress) {
  const auto now = to_micros(catalog_.clock().now());
  const std::string states = detail::write_states(checkpoint);
  return catalog_.write_and_wait(
      [&](Connection& connection) -> Result<void> {
        MR_TRY(const auto changed,
               connection.execute("UPDATE jobs SET progress = ?, crashes = 0, updated_us = ?, "
                                  "last_event = last_event + 1 "
                                  "WHERE id = ? AND token = ? AND state IN ('running', 'aborting')",
                                  {to_sql(progress), now, lease.job.value, lease.token}));
        if (changed.rows == 0) return refusal(connection, lease.job, "a checkpoint");
        MR_CHECK(connection.execute(
            "REPLACE INTO job_checkpoints (job_id, token, sequence, states) VALUES (?, ?, ?, ?)",
            {lease.job.value, lease.token, checkpoint.sequence, states}));
        return add_event(connection, lease.job, now, "checkpoint",
                         Json{{"sequence", checkpoint.sequence}});
      },
      Catalog::kUsualWriteBytes + states.size());
}

void JobStore::note_progress(const Lease& lease, const Json& progress) {
  catalog_.write(
      [lease, text = to_sql(progress)](Connection& connection) -> Result<void> {
        MR_CHECK(
            connection.execute("UPDATE jobs SET progress = ? WHERE id = ? AND token = ? AND "
                               "state IN ('running', 'aborting')",
                               {text, lease.job.value, lease.token}));
        return {};
      },
      [](const Result<void>&) {});
}

void JobStore::begin_publish(const Lease& lease, const std::vector<std::string>& uris,
                             const Ending& ending, std::function<void(Result<void>)> done) {
  const auto now = to_micros(catalog_.clock().now());
  std::vector<SqlValue> values{to_sql(ending.result),
                               to_sql(ending.counts),
                               to_sql(ending.progress),
                               to_sql(ending.versions),
                               ending.changes ? SqlValue{ending.changes->list()} : nullptr,
                               now,
                               lease.job.value,
                               lease.token};
  const auto bytes = Catalog::kUsualWriteBytes + bytes_of(values);
  catalog_.write(
      [=, values = std::move(values),
       changes = ending.changes](Connection& connection) -> Result<void> {
        MR_TRY(const auto changed,
               connection.execute("UPDATE jobs SET result = COALESCE(?, result), counts = "
                                  "COALESCE(?, counts), progress = "
                                  "COALESCE(?, progress), versions = COALESCE(?, versions), "
                                  "changes = ?, updated_us = ?, last_event = "
                                  "last_event + 1, state = 'publishing' WHERE id = ? AND token = ? "
                                  "AND state = 'running'",
                                  values));
        if (changed.rows == 0) return refusal(connection, lease.job, "publishing");
        if (changes) MR_CHECK(changes->check(connection));
        MR_CHECK(connection.execute("DELETE FROM job_outputs WHERE job_id = ?", {lease.job.value}));
        std::int64_t place = 0;
        for (const std::string& uri : uris) {
          MR_CHECK(
              connection.execute("INSERT INTO job_outputs (job_id, place, uri, state, token) "
                                 "VALUES (?, ?, ?, 'publishing', ?)",
                                 {lease.job.value, place++, uri, lease.token}));
        }
        return add_event(connection, lease.job, now, "publishing", Json{{"outputs", uris}});
      },
      std::move(done), bytes);
}

void JobStore::finish(const Lease& lease, JobState state, const Ending& ending,
                      std::function<void(Result<Followers>)> done) {
  const auto now = to_micros(catalog_.clock().now());
  const Json error = ending.error ? error_document(*ending.error, ending.failed_node) : Json{};
  Json body = Json::object();
  if (ending.error && state == JobState::Failed) body["error"] = error;
  if (ending.reason != StopReason::None) body["reason"] = to_string(ending.reason);
  // A job that failed or was aborted keeps why; one that finished has had its troubles overcome.
  const std::string sql = fmt::format(
      "UPDATE jobs SET result = COALESCE(?, result), counts = COALESCE(?, counts), progress = "
      "COALESCE(?, progress), "
      "versions = COALESCE(?, versions), changes = NULL, error = ?, stop_reason = (CASE WHEN ? = "
      "'none' THEN stop_reason ELSE ? END), "
      "finished_us = ?, updated_us = ?, lease_until_us = 0, last_event = last_event + 1, state = "
      "'{}' WHERE id = ? AND "
      "token = ?{}",
      to_string(state), may_become(state));
  const std::string reason{to_string(ending.reason)};
  std::vector<SqlValue> values{to_sql(ending.result),
                               to_sql(ending.counts),
                               to_sql(ending.progress),
                               to_sql(ending.versions),
                               state == JobState::Failed ? to_sql(error) : SqlValue{nullptr},
                               reason,
                               reason,
                               now,
                               now,
                               lease.job.value,
                               lease.token};
  auto changes = state == JobState::Finished ? ending.changes : nullptr;
  const auto bytes =
      Catalog::kUsualWriteBytes + bytes_of(values) + (changes ? changes->list().size() : 0);
  auto followers = std::make_shared<Followers>();  // shared by the write and its callback
  catalog_.write(
      [=, values = std::move(values), body = std::move(body), changes = std::move(changes),
       has_rows = ending.has_rows, is_published = ending.is_published,
       dialect = catalog_.dialect()](Connection& connection) -> Result<void> {
        *followers = {};
        MR_TRY(const auto changed, connection.execute(sql, values));
        if (changed.rows == 0) return refusal(connection, lease.job, to_string(state));
        if (changes) MR_CHECK(changes->apply(connection));
        MR_TRY(*followers, detail::settle_followers(connection, dialect, lease.job, state, now));
        const Json line = body.empty() ? Json{} : body;
        if (!has_rows) return add_event(connection, lease.job, now, to_string(state), line);
        MR_CHECK(
            connection.execute("DELETE FROM job_checkpoints WHERE job_id = ?", {lease.job.value}));
        const bool published = state == JobState::Finished || is_published;
        MR_CHECK(connection.execute(
            published ? "UPDATE job_outputs SET state = 'published' WHERE job_id = ?"
                      : "DELETE FROM job_outputs WHERE job_id = ?",
            {lease.job.value}));
        return add_event(connection, lease.job, now, to_string(state), line);
      },
      [followers, done = std::move(done)](Result<void> committed) {
        if (!committed.ok()) return done(std::move(committed).error());
        done(std::move(*followers));
      },
      bytes);
}

void JobStore::requeue(const Lease& lease, const std::optional<Error>& error,
                       std::chrono::milliseconds wait,
                       std::function<void(Result<std::int64_t>)> done) {
  const auto now = to_micros(catalog_.clock().now());
  const Json document = error ? error_document(*error, {}) : Json{};
  const auto wait_us = std::chrono::microseconds{wait}.count();
  auto not_before_us = std::make_shared<std::int64_t>();  // shared by the write and its callback
  catalog_.write(
      [=, this](Connection& connection) -> Result<void> {
        *not_before_us = 0;
        if (wait_us > 0) {
          MR_TRY(const SqlRows time, connection.query("SELECT " + lease_now_, {now}));
          *not_before_us = integer(time.rows.at(0).at(0)) + wait_us;
        }
        const std::int64_t failed = error ? 1 : 0;
        MR_TRY(const auto changed,
               connection.execute(
                   "UPDATE jobs SET failures = failures + ?, attempt = attempt - ?, error = ?, "
                   "not_before_us = ?, updated_us = ?, lease_until_us = 0, last_event = last_event "
                   "+ 1, "
                   "state = 'queued' WHERE id = ? AND token = ? AND state = 'running'",
                   {failed, 1 - failed, to_sql(document), *not_before_us, now, lease.job.value,
                    lease.token}));
        if (changed.rows == 0) return refusal(connection, lease.job, "going back to the queue");
        Json body = Json::object();
        if (error) body["error"] = document;
        if (*not_before_us > 0) body["not_before_us"] = *not_before_us;
        return add_event(connection, lease.job, now, "queued", body.empty() ? Json{} : body);
      },
      [not_before_us, done = std::move(done)](Result<void> committed) {
        if (!committed.ok()) return done(std::move(committed).error());
        done(*not_before_us);
      });
}

Result<void> JobStore::check(Connection& connection, const Lease& lease) const {
  // Locks the row, where one writer alone is not sure of that: another engine gets the job before
  // this transaction, which then is refused, or behind it.
  static constexpr std::string_view kHeld =
      "SELECT id FROM jobs WHERE id = ? AND token = ? AND state IN ('running', 'aborting')";
  static const std::string locked = std::string{kHeld} + " FOR UPDATE";
  MR_TRY(const SqlRows own,
         connection.query(catalog_.dialect() == SqlDialect::MySql ? locked : kHeld,
                          {lease.job.value, lease.token}));
  if (own.rows.empty()) return refusal(connection, lease.job, "what an earlier attempt asks for");
  return {};
}

Result<void> JobStore::check_last(Connection& connection, JobId id, std::int64_t token) const {
  static constexpr std::string_view kLast = "SELECT id FROM jobs WHERE id = ? AND token = ?";
  static const std::string locked = std::string{kLast} + " FOR UPDATE";
  MR_TRY(const SqlRows own,
         connection.query(catalog_.dialect() == SqlDialect::MySql ? locked : kLast,
                          {id.value, token}));
  if (own.rows.empty()) return refusal(connection, id, "tidying up");
  return {};
}

void JobStore::note_staged(const Lease& lease, std::string uri) {
  catalog_.write(
      [=, this, uri = std::move(uri)](Connection& connection) -> Result<void> {
        MR_CHECK(check(connection, lease));
        MR_TRY(
            const SqlRows known,
            connection.query("SELECT uri, place FROM job_outputs WHERE job_id = ? ORDER BY place",
                             {lease.job.value}));
        for (const auto& row : known.rows) {
          if (text(row.at(0)) == uri) return {};  // inherited
        }
        const std::int64_t place = known.rows.empty() ? 0 : integer(known.rows.back().at(1)) + 1;
        MR_CHECK(
            connection.execute("INSERT INTO job_outputs (job_id, place, uri, state, token) "
                               "VALUES (?, ?, ?, 'staged', ?)",
                               {lease.job.value, place, uri, lease.token}));
        return {};
      },
      // When the catalog is away no checkpoint follows either, and the staged bytes are begun anew.
      [](const Result<void>&) {});
}

void JobStore::inherit(const Lease& lease, Inherited which,
                       std::function<void(Result<void>)> done) {
  catalog_.write(
      [=, this](Connection& connection) -> Result<void> {
        MR_CHECK(check(connection, lease));
        if (which == Inherited::Forget) {
          MR_CHECK(
              connection.execute("DELETE FROM job_outputs WHERE job_id = ?", {lease.job.value}));
          return {};
        }
        for (const char* sql : {"UPDATE job_outputs SET token = ? WHERE job_id = ?",
                                "UPDATE job_checkpoints SET token = ? WHERE job_id = ?"}) {
          MR_CHECK(connection.execute(sql, {lease.token, lease.job.value}));
        }
        return {};
      },
      std::move(done));
}

namespace {

// With a token, a line of the attempt that holds it.
Catalog::Write journal_line(JobId id, std::optional<std::int64_t> token, std::int64_t now,
                            std::string kind, Json body) {
  return
      [=, kind = std::move(kind), body = std::move(body)](Connection& connection) -> Result<void> {
        MR_TRY(const auto changed,
               token ? connection.execute(
                           "UPDATE jobs SET last_event = last_event + 1 WHERE id = ? AND token = ?",
                           {id.value, *token})
                     : connection.execute(
                           "UPDATE jobs SET last_event = last_event + 1 WHERE id = ?", {id.value}));
        if (changed.rows == 0) return refusal(connection, id, kind);
        return add_event(connection, id, now, kind, body);
      };
}

}  // namespace

Result<void> JobStore::log(JobId id, std::string_view kind, const Json& body) {
  return catalog_.write_and_wait(
      journal_line(id, {}, to_micros(catalog_.clock().now()), std::string{kind}, body));
}

void JobStore::note(const Lease& lease, std::string_view kind, const Json& body) {
  catalog_.write(journal_line(lease.job, lease.token, to_micros(catalog_.clock().now()),
                              std::string{kind}, body),
                 // The line also went to the log of the process; a full queue costs the journal's
                 // copy only.
                 [](const Result<void>&) {});
}

Result<JobStore::Abort> JobStore::abort(JobId id, StopReason reason) {
  Abort done;
  const auto now = to_micros(catalog_.clock().now());
  const std::string word{to_string(reason)};
  auto written = catalog_.write_and_wait([&](Connection& connection) -> Result<void> {
    done = {};
    MR_TRY(const auto waiting,
           connection.execute("UPDATE jobs SET stop_reason = ?, finished_us = ?, updated_us = ?, "
                              "last_event = last_event + "
                              "1, state = 'aborted' WHERE id = ? AND state IN ('queued', "
                              "'waiting')",
                              {word, now, now, id.value}));
    if (waiting.rows > 0) {
      MR_CHECK(connection.execute("DELETE FROM job_checkpoints WHERE job_id = ?", {id.value}));
      MR_TRY(done.followers,
             detail::settle_followers(connection, catalog_.dialect(), id, JobState::Aborted, now));
      return add_event(connection, id, now, "aborted", Json{{"reason", word}});
    }
    MR_TRY(
        const auto running,
        connection.execute(
            "UPDATE jobs SET stop_reason = ?, updated_us = ?, last_event = last_event + 1, state = "
            "'aborting' WHERE id = ? AND state = 'running'",
            {word, now, id.value}));
    if (running.rows > 0) {
      done.state = JobState::Aborting;
      return add_event(connection, id, now, "aborting", Json{{"reason", word}});
    }
    MR_TRY(const SqlRows row, connection.query("SELECT state FROM jobs WHERE id = ?", {id.value}));
    const auto state = row.rows.empty() ? std::nullopt : read_job_state(text(row.rows[0].at(0)));
    if (state != JobState::Aborting && state != JobState::Aborted)
      return refusal(connection, id, "an abort");
    done = {*state, false, {}};
    return {};
  });
  if (!written.ok()) return std::move(written).error();
  return done;
}

Result<JobStore::Waiting> JobStore::retry(JobId id) {
  Waiting waiting;
  const auto now = to_micros(catalog_.clock().now());
  MR_CHECK(catalog_.write_and_wait([&](Connection& connection) -> Result<void> {
    MR_TRY(const SqlRows sealed,
           connection.query("SELECT sealed FROM jobs WHERE id = ? AND sealed IS NOT NULL AND state "
                            "IN ('failed', 'aborted')",
                            {id.value}));
    if (!sealed.rows.empty()) return detail::secrets_erased(id);
    MR_TRY(const auto begin, detail::begin_again(connection, catalog_.dialect(), id, now));
    MR_TRY(const auto changed,
           connection.execute(
               "UPDATE jobs SET attempt = 0, failures = 0, crashes = 0, started_us = 0, "
               "finished_us = 0, not_before_us = ?, stop_reason = 'none', error = NULL, result = "
               "NULL, counts = NULL, progress = NULL, versions = NULL, after_depth = ?, updated_us "
               "= ?, last_event = last_event + 1, state = ? WHERE id = ? AND state IN ('failed', "
               "'aborted')",
               {begin.not_before_us, begin.depth, now, std::string{to_string(begin.state)},
                id.value}));
    if (changed.rows == 0) return refusal(connection, id, "a retry");
    MR_TRY(const SqlRows row,
           connection.query("SELECT queue, priority FROM jobs WHERE id = ?", {id.value}));
    waiting = {id,
               text(row.rows.at(0).at(0)),
               static_cast<int>(integer(row.rows.at(0).at(1))),
               begin.not_before_us,
               begin.state,
               std::max<std::int64_t>(0, begin.not_before_us - begin.now_us)};
    return add_event(connection, id, now, to_string(begin.state), Json{{"retry", true}});
  }));
  return waiting;
}

}  // namespace millrace
