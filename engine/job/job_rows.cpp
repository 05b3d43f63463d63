#include "engine/job/job_rows.hpp"

#include <algorithm>
#include <charconv>
#include <span>

#include "engine/base/json_members.hpp"
#include "engine/base/sha1.hpp"
#include "engine/base/utf8.hpp"
#include "engine/job/rights_json.hpp"

#include <fmt/format.h>

namespace millrace::detail {

namespace {

Result<std::string> from_hex(std::string_view digits) {
  std::string bytes;
  bytes.reserve(digits.size() / 2);
  for (std::size_t i = 0; i + 1 < digits.size(); i += 2) {
    unsigned value = 0;
    const auto [end, fault] = std::from_chars(digits.data() + i, digits.data() + i + 2, value, 16);
    if (fault != std::errc{} || end != digits.data() + i + 2)
      return Error{Code::DataInvalid, "not hexadecimal digits"};
    bytes.push_back(static_cast<char>(value));
  }
  return bytes;
}

}  // namespace

std::string text(const SqlValue& value) {
  const auto* found = std::get_if<std::string>(&value);
  return found != nullptr ? *found : std::string{};
}

std::string_view lease_now(SqlDialect dialect) {
  // Not NOW(): local times of a night in autumn come twice.
  return dialect == SqlDialect::Sqlite
             ? "?"
             : "(TIMESTAMPDIFF(MICROSECOND, '1970-01-01', UTC_TIMESTAMP(6)) + 0 * ?)";
}

Result<Json> document(const SqlValue& value, std::string_view column) {
  const auto* found = std::get_if<std::string>(&value);
  if (found == nullptr) return Json{};
  auto parsed = parse_json(*found, kOwnJson);
  if (!parsed.ok()) return parsed.error().within(fmt::format("job row: column {}", column));
  return parsed;
}

std::string dump(const Json& document) {
  return document.dump(-1, ' ', false, Json::error_handler_t::replace);
}

SqlValue to_sql(const Json& document) {
  if (document.is_null()) return nullptr;
  return dump(document);
}

Result<Job> read_job(const std::vector<SqlValue>& row) {
  std::size_t column = 0;
  const auto next = [&row, &column]() -> const SqlValue& { return row.at(column++); };
  Job job;
  job.id = JobId{integer(next())};
  job.dialect = text(next());
  job.external_id = text(next());
  job.owner = text(next());
  job.queue = text(next());
  job.name = text(next());
  job.priority = static_cast<int>(integer(next()));
  const auto state = read_job_state(text(next()));
  if (!state)
    return Error{Code::DataInvalid, fmt::format("job row: unknown state: job {}", job.id.value)};
  job.state = *state;
  job.stop_reason = read_stop_reason(text(next()));
  job.created_us = integer(next());
  job.started_us = integer(next());
  job.finished_us = integer(next());
  job.not_before_us = integer(next());
  job.attempt = static_cast<int>(integer(next()));
  job.max_attempts = static_cast<int>(integer(next()));
  job.failures = static_cast<int>(integer(next()));
  job.crashes = static_cast<int>(integer(next()));
  job.deadline_us = integer(next());
  job.token = integer(next());
  job.idempotency_key = text(next());
  MR_TRY(job.pipeline, document(next(), "pipeline"));
  MR_TRY(job.facts, document(next(), "facts"));
  MR_TRY(job.result, document(next(), "result"));
  MR_TRY(job.counts, document(next(), "counts"));
  MR_TRY(job.progress, document(next(), "progress"));
  MR_TRY(job.error, document(next(), "error"));
  MR_TRY(const Json rights, document(next(), "rights"));
  job.rights = read_rights(rights);
  MR_TRY(job.versions, document(next(), "versions"));
  MR_TRY(const Json rules, document(next(), "rules"));
  job.rules = read_rules(rules);
  const SqlValue& after = next();
  if (!std::holds_alternative<std::nullptr_t>(after)) job.after.job = JobId{integer(after)};
  job.after.delay = std::chrono::seconds{integer(next())};
  const auto when = read_after_when(text(next()));
  if (!when) {
    return Error{Code::DataInvalid,
                 fmt::format("job row: unknown end to wait for: job {}", job.id.value)};
  }
  job.after.when = *when;
  job.sealed_file = text(next());
  return job;
}

Result<std::vector<JobStore::Waiting>> read_waiting(const SqlRows& rows) {
  std::vector<JobStore::Waiting> out;
  out.reserve(rows.rows.size());
  for (const auto& row : rows.rows) {
    const auto state = read_job_state(text(row.at(4)));
    if (!state)
      return Error{Code::DataInvalid,
                   fmt::format("job row: unknown state: job {}", integer(row.at(0)))};
    const auto not_before_us = integer(row.at(3));
    out.push_back({JobId{integer(row.at(0))}, text(row.at(1)), static_cast<int>(integer(row.at(2))),
                   not_before_us, *state,
                   std::max<std::int64_t>(0, not_before_us - integer(row.at(5)))});
  }
  return out;
}

std::string start_statement(std::string_view lease_now, std::string_view which) {
  return fmt::format(
      "UPDATE jobs SET crashes = crashes + ?, token = token + 1, attempt = attempt + 1, started_us "
      "= (CASE WHEN started_us = 0 THEN ? ELSE started_us END), lease_holder = ?, lease_until_us = "
      "{} + ?, updated_us = ?, last_event = last_event + 1, state = 'running' WHERE id = ? AND {}",
      lease_now, which);
}

Result<void> add_event(Connection& connection, JobId id, std::int64_t time_us,
                       std::string_view kind, const Json& body) {
  return add_event(connection, id, time_us, kind, to_sql(body));
}

Result<void> add_event(Connection& connection, JobId id, std::int64_t time_us,
                       std::string_view kind, SqlValue body) {
  MR_CHECK(
      connection.execute("INSERT INTO job_events (job_id, sequence, time_us, kind, body) SELECT "
                         "id, last_event, ?, ?, ? FROM jobs WHERE id = ?",
                         {time_us, std::string{kind}, std::move(body), id.value}));
  return {};
}

Error secrets_erased(JobId id) {
  return {Code::Conflict,
          fmt::format("job {} has parameters that are secret or in a file, which are erased with "
                      "its end; submit its pipeline again with them",
                      id.value)};
}

Error refusal(Connection& connection, JobId id, std::string_view what) {
  auto found = connection.query("SELECT state, token FROM jobs WHERE id = ?", {id.value});
  if (!found.ok()) return std::move(found).error();
  if (found->rows.empty()) return {Code::NotFound, fmt::format("no such job: {}", id.value)};
  return {Code::Conflict,
          fmt::format("job {} cannot be changed: {} is refused while it is {}", id.value, what,
                      text(found->rows[0].at(0))),
          fmt::format("token={}", integer(found->rows[0].at(1)))};
}

std::string write_states(const Checkpoint& checkpoint) {
  Json states = Json::object();
  for (const auto& [name, state] : checkpoint.states) {
    if (is_utf8(state)) {
      append_member(states, name, state);
    } else {
      const std::span<const std::uint8_t> bytes{reinterpret_cast<const std::uint8_t*>(state.data()),
                                                state.size()};
      append_member(states, name, Json{{"hex", to_hex(bytes)}});
    }
  }
  return dump(states);
}

Result<Checkpoint> read_states(std::int64_t sequence, const std::string& text) {
  MR_TRY(const Json states, parse_json(text, kOwnJson));
  Checkpoint checkpoint{sequence, {}};
  for (const auto& [name, state] : states.items()) {
    if (state.is_string()) {
      checkpoint.states[name] = state.get<std::string>();
    } else if (state.is_object() && state.contains("hex") && state["hex"].is_string()) {
      MR_TRY(checkpoint.states[name], from_hex(state["hex"].get_ref<const std::string&>()));
    } else {
      return Error{Code::DataInvalid,
                   fmt::format("checkpoint: the state of {} cannot be read", name)};
    }
  }
  return checkpoint;
}

}  // namespace millrace::detail
