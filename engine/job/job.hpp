#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "engine/base/clock.hpp"
#include "engine/base/ids.hpp"
#include "engine/base/json.hpp"
#include "engine/run/cancel.hpp"

namespace millrace {

/// queued -> running -> publishing -> finished | failed;  queued -> aborted;  running -> aborting -> aborted;
/// running -> queued (retry, or the lease of a dead attempt expired).
enum class JobState { Queued, Running, Publishing, Aborting, Finished, Failed, Aborted };

std::string_view to_string(JobState state);
std::optional<JobState> read_job_state(std::string_view word);
[[nodiscard]] bool is_final(JobState state);
/// The table that the store of jobs enforces and a test prints.
[[nodiscard]] bool may_follow(JobState from, JobState to);

/// What a submission asks for.
struct JobRequest {
  Json pipeline;                       // bound document, as it will run for ever (rerun gives the same bytes)
  std::string dialect = "engine";
  std::string external_id;             // id in the dialect's own form; unique within the dialect; empty: the number
  std::string owner;                   // who may see it: access key, user, "" for the engine's own API
  std::string queue = "default";
  int priority = 0;                    // higher first; equal: first come
  std::string idempotency_key;         // with `owner`: the same key returns the first job
  int max_attempts = 3;                // of the whole job, after crashes and Unavailable/Io failures
  std::optional<std::chrono::seconds> deadline;  // from the first start; then aborted with reason deadline
  Json facts = Json::object();         // small things the dialect wants back (resolved log file ...)
};

/// A row of the jobs table.
struct Job {
  JobId id;
  std::string dialect, external_id, owner, queue, name;
  int priority = 0;
  JobState state = JobState::Queued;
  StopReason stop_reason = StopReason::None;
  std::int64_t created_us = 0, started_us = 0, finished_us = 0;  // 0: not yet
  std::int64_t not_before_us = 0;
  int attempt = 0, max_attempts = 3;
  std::int64_t token = 0;              // fencing token: grows with each attempt
  std::string idempotency_key;
  Json pipeline, facts, result, counts, progress, error;  // null when there is none
};

/// A line of a job's journal.
struct JobEvent {
  std::int64_t sequence = 0;           // within the job, from 1
  std::int64_t time_us = 0;
  std::string kind;                    // "queued", "running", "checkpoint", "log", "finished" ...
  Json body;
};

}  // namespace millrace
