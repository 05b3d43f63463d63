#include "engine/job/job_store.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

#include "engine/base/utf8.hpp"
#include "engine/job/job_rows.hpp"
#include "engine/job/newest_job.hpp"
#include "engine/job/sealed_files.hpp"

#include <fmt/format.h>

namespace millrace {

using detail::text;

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

// "7"; nothing for any other text, such as "007".
std::optional<std::int64_t> read_number(std::string_view text) {
  std::int64_t number = 0;
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (fault != std::errc{} || std::to_string(number) != text) return std::nullopt;
  return number;
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

}  // namespace

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
