#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/clock.hpp"
#include "engine/base/ids.hpp"
#include "engine/base/result.hpp"
#include "engine/base/shared_json.hpp"
#include "engine/graph/pipeline.hpp"
#include "engine/run/cancel.hpp"
#include "engine/store/rights.hpp"

namespace millrace {

struct Graph;

/// waiting (for another job) -> queued | aborted;  queued -> running -> publishing -> finished |
/// failed;  queued -> aborted;  running -> aborting -> aborted; running -> finished (nothing to
/// publish) | failed | queued (tried again, or shutdown); failed | aborted -> queued | waiting (a
/// person asks for it again).
enum class JobState { Waiting, Queued, Running, Publishing, Aborting, Finished, Failed, Aborted };

std::string_view to_string(JobState state);
std::optional<JobState> read_job_state(std::string_view word);
/// Reads what to_string(StopReason) writes; an unknown word is None.
StopReason read_stop_reason(std::string_view word);
[[nodiscard]] bool is_final(JobState state);
/// The table that the store of jobs enforces and a test prints.
[[nodiscard]] bool may_follow(JobState from, JobState to);

/// What a job waits for: an end of another one. When that one ends otherwise, this one is aborted,
/// as why_not_behind() says.
struct After {
  enum class When {
    Finished,
    Failed,
    Ended  // finished, failed or aborted
  };

  JobId job{};                    // there already, so no circle can be made; none: nothing
  std::chrono::seconds delay{0};  // from its end on, by the database's clock; up to a year
  When when = When::Finished;
};
inline constexpr std::chrono::seconds kLongestDelay{365 * 86'400};
/// So many jobs may wait for one, and so many one behind the other.
inline constexpr std::int64_t kMostFollowers = 1'000;
inline constexpr std::int64_t kLongestChain = 1'000;

/// Returns "finished", "failed" or "ended".
std::string_view to_string(After::When when);
std::optional<After::When> read_after_when(std::string_view word);
/// Why a job never begins behind one that has ended so: UpstreamFailed where that one was to
/// finish, NotNeeded where it was to fail. None: it begins.
StopReason why_not_behind(After::When when, JobState end);

/// Bytes of the name of a queue, which is UTF-8 without control characters, and without blanks at
/// its ends.
inline constexpr std::size_t kMostQueueNameBytes = 128;
/// InvalidArgument says what is wrong with the name of a queue.
Result<void> check_queue_name(std::string_view name);

/// The queue of jobs of a moment that somebody waits for. Its jobs have slots of their own beside
/// those of all other queues, so that none waits behind hours of work, and each server starts them.
inline constexpr std::string_view kPromptQueue = "prompt";

/// What a submission asks for.
struct JobRequest {
  SharedJson pipeline;  // bound document, as it will run for ever (rerun gives the same bytes)
  // What its validation made of it: a first attempt in this process need not repeat that. Null: it
  // does.
  std::shared_ptr<const Graph> graph;
  // Values that stand in no row, by their places (take_sealed), shared by its copies; null: there
  // are none.
  std::shared_ptr<const Json> sealed{};
  std::string sealed_file;  // of those values (SealedFiles); the service fills it
  std::string dialect = "engine";
  std::string external_id;  // id in the dialect's own form, unique within it; empty: none chosen
  std::string owner;        // who may see it: access key, user, "" for the engine's own API
  std::string queue = "default";
  int priority = 0;             // higher first; equal: first come
  std::string idempotency_key;  // with `owner`: the same key returns the first job
  int max_attempts =
      3;  // of the whole job, counting Unavailable and Io failures; a job that runs while
          // the process dies is resumed kMaxCrashes times without a new checkpoint
  After after{};
  std::optional<std::chrono::seconds>
      deadline;           // from the first start; then aborted with reason deadline
  PipelineRules rules{};  // by which it was validated; it is validated again by them when it starts
  Json facts = Json::object();  // small things the dialect wants back (resolved log file ...)
};

/// Jobs that are submitted together, all or none.
struct JobChain {
  /// A job that waits for another of the chain, in the place of After::job.
  struct Follower {
    JobRequest job;         // has no idempotency key: that of the first job counts for all
    std::size_t after = 0;  // 0: the first job; k: the k-th follower, which stands before this one
  };

  JobRequest first;
  std::vector<Follower> followers{};
};
inline constexpr std::size_t kMostInChain = 64;  // with the first job

/// A row of the jobs table.
struct Job {
  JobId id;
  std::string dialect, external_id, owner, queue, name;
  int priority = 0;
  JobState state = JobState::Queued;
  StopReason stop_reason = StopReason::None;
  std::int64_t created_us = 0, started_us = 0, finished_us = 0;  // 0: not yet
  std::int64_t not_before_us = 0;                                // by the database's clock
  After after;
  int attempt = 0, max_attempts = 3;  // attempt: how often it was started
  int failures = 0, crashes = 0;  // attempts that failed, and that died since the last checkpoint
  std::int64_t deadline_us = 0;   // microseconds from the first start; 0: none
  std::int64_t token = 0;         // fencing token: grows with each attempt
  std::string idempotency_key;
  SharedJson pipeline;
  Json facts, result, counts, progress, error;  // null when there is none
  StoreRights rights;                           // of its submission
  PipelineRules rules;                          // likewise
  std::string sealed_file;  // of SealedFiles, erased with its end; empty: all is in the row
  Json versions;            // operator id -> version of its plugin, of the attempt that ended
};

/// The name that a pipeline gives itself, cut to what a row takes; empty when it gives none.
std::string pipeline_name(const Json& pipeline);
/// What the row of a submission will say, but for its id and times.
Job job_of(const JobRequest& request, const StoreRights& rights);

/// Names the stages of one attempt at a job: "job-12-t3". Token 0: of an engine that put none into
/// the name.
std::string stage_owner(JobId job, std::int64_t token);

/// A job that is running whenever the process dies is given up after that many deaths without a new
/// checkpoint. Each of them halves the time to the next one.
inline constexpr int kMaxCrashes = 10;

/// A line of a job's journal.
struct JobEvent {
  std::int64_t sequence = 0;  // within the job, from 1
  std::int64_t time_us = 0;
  std::string kind;  // "queued", "running", "checkpoint", "log", "finished" ...
  Json body;
};

}  // namespace millrace
