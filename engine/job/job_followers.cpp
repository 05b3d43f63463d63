#include "engine/job/job_followers.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <utility>

#include "engine/catalog/ended_jobs.hpp"
#include "engine/catalog/sql_spelling.hpp"
#include "engine/job/job_rows.hpp"

#include <fmt/format.h>

namespace millrace::detail {

namespace {

constexpr std::size_t kIdsPerStatement = 500;

// Behind a SELECT: keeps its rows as they are until the transaction ends. SQLite has one writer.
std::string_view locking(SqlDialect dialect) {
  return dialect == SqlDialect::MySql ? " FOR UPDATE" : "";
}

// Runs a statement for some jobs at a time: its text has one {} for their places, and `before` are
// the values in front of them.
template <class Run>
Result<void> for_some_at_a_time(const std::vector<JobId>& ids, std::string_view sql,
                                const std::vector<SqlValue>& before, const Run& run) {
  for (std::size_t first = 0; first < ids.size(); first += kIdsPerStatement) {
    const auto some = std::span{ids}.subspan(first, std::min(kIdsPerStatement, ids.size() - first));
    auto values = before;
    for (const JobId id : some) values.emplace_back(id.value);
    MR_CHECK(run(fmt::format(fmt::runtime(sql), placeholders(some.size())), values));
  }
  return {};
}

Result<void> execute(Connection& connection, const std::vector<JobId>& ids, std::string_view sql,
                     const std::vector<SqlValue>& before) {
  return for_some_at_a_time(ids, sql, before,
                            [&](const std::string& text, const auto& values) -> Result<void> {
                              MR_CHECK(connection.execute(text, values));
                              return {};
                            });
}

Result<void> add_events(Connection& connection, const std::vector<JobId>& ids, std::int64_t now_us,
                        std::string_view kind, SqlValue body) {
  return execute(connection, ids,
                 "INSERT INTO job_events (job_id, sequence, time_us, kind, body) SELECT id, "
                 "last_event, ?, ?, ? FROM jobs WHERE id IN ({})",
                 {now_us, std::string{kind}, std::move(body)});
}

struct Follower {
  JobStore::Waiting job;  // as it would be queued, but for `not_before_us`
  After::When when;
  std::int64_t found_us;  // by the database's clock
};

// Returns the jobs that wait for one of `ids`, locked.
Result<std::vector<Follower>> waiting_for(Connection& connection, SqlDialect dialect,
                                          const std::vector<JobId>& ids, std::int64_t now_us) {
  std::vector<Follower> found;
  const auto sql = fmt::format(
      "SELECT id, queue, priority, after_delay_s, after_when, {} FROM jobs WHERE after_job IN "
      "({{}}) AND state = 'waiting' ORDER BY id{}",
      lease_now(dialect), locking(dialect));
  MR_CHECK(for_some_at_a_time(
      ids, sql, {now_us}, [&](const std::string& statement, const auto& values) -> Result<void> {
        MR_TRY(const SqlRows rows, connection.query(statement, values));
        for (const auto& row : rows.rows) {
          const auto wait_us =
              std::chrono::microseconds{std::chrono::seconds{integer(row.at(3))}}.count();
          found.push_back({{JobId{integer(row.at(0))}, text(row.at(1)),
                            static_cast<int>(integer(row.at(2))), 0, JobState::Queued, wait_us},
                           read_after_when(text(row.at(4))).value_or(After::When::Finished),
                           integer(row.at(5))});
        }
        return {};
      }));
  return found;
}

Result<void> release(Connection& connection, const std::vector<JobStore::Waiting>& jobs,
                     std::int64_t database_us, std::int64_t now_us) {
  std::vector<JobId> ids;
  for (const auto& job : jobs) ids.push_back(job.id);
  MR_CHECK(execute(connection, ids,
                   "UPDATE jobs SET not_before_us = (CASE WHEN after_delay_s > 0 THEN ? + "
                   "after_delay_s * 1000000 ELSE 0 END), updated_us = ?, last_event = last_event + "
                   "1, state = 'queued' WHERE id IN ({})",
                   {database_us, now_us}));
  return add_events(connection, ids, now_us, "queued", nullptr);
}

Result<void> abort(Connection& connection, const std::vector<JobId>& ids, StopReason why,
                   std::int64_t now_us) {
  const std::string reason{to_string(why)};
  MR_CHECK(execute(connection, ids,
                   "UPDATE jobs SET stop_reason = ?, finished_us = ?, updated_us = ?, last_event = "
                   "last_event + 1, state = 'aborted' WHERE id IN ({})",
                   {reason, now_us, now_us}));
  return add_events(connection, ids, now_us, "aborted", to_sql(Json{{"reason", reason}}));
}

}  // namespace

Result<Beginning> begin_behind(Connection& connection, SqlDialect dialect, const After& after,
                               std::int64_t now_us) {
  MR_TRY(const SqlRows rows,
         connection.query(
             fmt::format("SELECT state, finished_us, after_depth, {} FROM jobs WHERE id = ?{}",
                         lease_now(dialect), locking(dialect)),
             {now_us, after.job.value}));
  if (rows.rows.empty()) {
    return Error{Code::InvalidArgument,
                 fmt::format("job: after: there is no job {} to wait for", after.job.value)};
  }
  const auto& row = rows.rows[0];
  const auto state = read_job_state(text(row.at(0))).value_or(JobState::Failed);
  Beginning begin;
  begin.now_us = integer(row.at(3));
  if (is_final(state)) {
    begin.reason = why_not_behind(after.when, state);
    if (begin.reason != StopReason::None) begin.state = JobState::Aborted;
    const auto due_us = integer(row.at(1)) + std::chrono::microseconds{after.delay}.count();
    if (begin.state == JobState::Queued && due_us > begin.now_us) begin.not_before_us = due_us;
    return begin;
  }
  begin.state = JobState::Waiting;
  begin.depth = (state == JobState::Waiting ? integer(row.at(2)) : 0) + 1;
  if (begin.depth > kLongestChain) {
    return Error{Code::InvalidArgument,
                 fmt::format("job: after: {} jobs wait in a row, the last of them {}; submit it "
                             "when some have ended",
                             kLongestChain, after.job.value)};
  }
  MR_TRY(const SqlRows followers,
         connection.query("SELECT COUNT(*) FROM jobs WHERE after_job = ? AND state = 'waiting'",
                          {after.job.value}));
  if (integer(followers.rows.at(0).at(0)) >= kMostFollowers) {
    return Error{Code::InvalidArgument,
                 fmt::format("job: after: {} jobs wait for job {}; submit it when that has ended",
                             kMostFollowers, after.job.value)};
  }
  return begin;
}

Result<Beginning> begin_again(Connection& connection, SqlDialect dialect, JobId job,
                              std::int64_t now_us) {
  MR_TRY(const SqlRows rows,
         connection.query("SELECT own.after_job, own.after_delay_s, own.stop_reason, other.id, "
                          "own.after_when FROM jobs AS own LEFT JOIN jobs AS other ON other.id = "
                          "own.after_job WHERE "
                          "own.id = ? AND own.after_job IS NOT NULL",
                          {job.value}));
  if (rows.rows.empty()) return Beginning{};
  const auto& row = rows.rows[0];
  const After after{JobId{integer(row.at(0))}, std::chrono::seconds{integer(row.at(1))},
                    read_after_when(text(row.at(4))).value_or(After::When::Finished)};
  const auto stopped = read_stop_reason(text(row.at(2)));
  Beginning begin;
  if (!std::holds_alternative<std::nullptr_t>(row.at(3))) {
    MR_TRY(begin, begin_behind(connection, dialect, after, now_us));
  } else if (stopped == StopReason::UpstreamFailed || stopped == StopReason::NotNeeded) {
    begin.state = JobState::Aborted;  // removed since, as what ended long ago is
  }
  if (begin.state != JobState::Aborted) return begin;
  if (after.when == After::When::Failed) {
    return Error{Code::Conflict,
                 fmt::format("job {} cannot be tried again: it is for when job {} fails, which did "
                             "not",
                             job.value, after.job.value)};
  }
  return Error{Code::Conflict,
               fmt::format("job {} cannot be tried again: it waits for job {}, which did not "
                           "finish; retry that one first",
                           job.value, after.job.value)};
}

// A level at a time: what a statement finds is locked before it is changed.
Result<JobStore::Followers> settle_followers(Connection& connection, SqlDialect dialect,
                                             JobId ended, JobState end, std::int64_t now_us) {
  JobStore::Followers settled;
  std::map<StopReason, std::vector<JobId>> aborted;
  std::optional<std::int64_t> database_us;  // one moment, from which all delays count
  std::vector<JobId> level{ended};
  while (!level.empty()) {
    MR_TRY(auto followers, waiting_for(connection, dialect, level, now_us));
    level.clear();
    for (Follower& follower : followers) {
      const JobId id = follower.job.id;
      const auto why_not = why_not_behind(follower.when, end);
      if (why_not != StopReason::None) {
        aborted[why_not].push_back(id);
        settled.aborted.push_back(id);
        level.push_back(id);
        continue;
      }
      if (!database_us) database_us = follower.found_us;
      if (follower.job.wait_us > 0)
        follower.job.not_before_us = *database_us + follower.job.wait_us;
      settled.released.push_back(std::move(follower.job));
    }
    end = JobState::Aborted;
  }
  if (database_us) MR_CHECK(release(connection, settled.released, *database_us, now_us));
  for (const auto& [why, ids] : aborted) MR_CHECK(abort(connection, ids, why, now_us));
  return settled;
}

Result<bool> is_followed(Connection& connection, SqlDialect dialect, JobId job) {
  MR_CHECK(connection.query(fmt::format("SELECT id FROM jobs WHERE id = ?{}", locking(dialect)),
                            {job.value}));
  MR_TRY(const SqlRows found,
         connection.query(fmt::format("SELECT id FROM jobs WHERE after_job = ? AND state NOT IN {} "
                                      "LIMIT 1",
                                      kEndedJobs),
                          {job.value}));
  return !found.rows.empty();
}

}  // namespace millrace::detail
