#pragma once

#include <string>
#include <string_view>

#include "engine/catalog/database.hpp"
#include "engine/job/job_store.hpp"

namespace millrace::detail {

/// Columns of the jobs table that read_job() wants, in its order.
inline constexpr std::string_view kJobColumns =
    "id, dialect, external_id, owner, queue, name, priority, state, stop_reason, created_us, "
    "started_us, finished_us, "
    "not_before_us, attempt, max_attempts, failures, crashes, deadline_us, token, idempotency_key, "
    "pipeline, facts, "
    "result, counts, progress, error, rights, versions, rules, after_job, after_delay_s, "
    "after_when, "
    "sealed";

Result<Job> read_job(const std::vector<SqlValue>& row);

/// Columns: id, queue, priority, not_before_us, state, and the time that lease_now() tells.
Result<std::vector<JobStore::Waiting>> read_waiting(const SqlRows& rows);

std::string text(const SqlValue& value);  // null: ""

/// SQL of the time by which leases and waits are judged, in microseconds since 1970. It takes one
/// value, the time by the engine's clock: engines at a shared catalog use the clock that they
/// share.
std::string_view lease_now(SqlDialect dialect);

/// Null stays null; what is not JSON is an error that names the column.
Result<Json> document(const SqlValue& value, std::string_view column);
/// Null for a null document.
SqlValue to_sql(const Json& document);

/// Writes JSON; bytes that are not UTF-8 become U+FFFD.
std::string dump(const Json& document);

/// The statement by which an attempt begins, of the job and in the state that `which` says.
std::string start_statement(std::string_view lease_now, std::string_view which);

/// Adds the journal line whose number is the job's last_event, which the caller has just raised.
Result<void> add_event(Connection& connection, JobId id, std::int64_t time_us,
                       std::string_view kind, const Json& body);
/// The same with the text of its body, or null.
Result<void> add_event(Connection& connection, JobId id, std::int64_t time_us,
                       std::string_view kind, SqlValue body);

/// A job with secret parameters is asked for again.
Error secrets_erased(JobId id);

/// Says why a conditional change of a job changed nothing: NotFound, or Conflict with the state
/// that it has.
Error refusal(Connection& connection, JobId id, std::string_view what);

/// States of operators as text: JSON, where a state that is not UTF-8 stands as {"hex": ...}.
std::string write_states(const Checkpoint& checkpoint);
Result<Checkpoint> read_states(std::int64_t sequence, const std::string& text);

}  // namespace millrace::detail
