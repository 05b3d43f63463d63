#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "engine/job/job_store.hpp"
#include "engine/run/scheduler.hpp"
#include "engine/store/store.hpp"

namespace millrace {

class Connections;
class Registry;
class SealedFiles;
struct NodeRows;

struct JobSettings {
  std::map<std::string, int> queues{
      {"default", 0}};               // name -> jobs at once; 0: as many as there are workers
  int queue_jobs = 2;                // the same of each other queue
  int max_jobs = 0;                  // of all queues; 0: as many as `queues` have together
  int prompt_jobs = 8;               // of kPromptQueue, beside all of these
  std::set<std::string> served;      // queues whose jobs are started here; empty: all
  std::size_t max_queued = 100'000;  // jobs that wait, for another job too; more is Exhausted
  std::chrono::milliseconds lease{30'000};  // renewed at a third of it
  std::chrono::milliseconds checkpoint_every{5'000};
  /// A second less than what is promised: the service looks once a second.
  std::chrono::milliseconds progress_every{4'000};
  std::string holder;  // name of this process in leases; empty: host and process id
  std::chrono::milliseconds retry_first{
      1'000};  // wait before a failed job is tried again; doubles each time
  std::chrono::milliseconds retry_longest{60'000};
  std::chrono::hours keep_ended{0};  // older ended jobs are removed; 0: kept for ever
  bool logs_failures = true;         // false: whoever runs the jobs tells of those that failed
  /// Takes the rows that the last nodes gave back (output.reply), when an attempt has succeeded and
  /// before the job has ended; of several calls for a job the last counts. Empty: nobody reads
  /// them. [any thread]
  std::function<void(JobId, std::vector<NodeRows>)> take_rows;
};

/// What jobs are told that stands in no row. Null: there is none of it.
struct JobSecrets {
  const Connections* connections = nullptr;
  SealedFiles* sealed = nullptr;
};

/// Takes jobs from the queue, runs them, and brings them to an end that survives: the only caller
/// of run_plan for the queued lane. [any thread] Functions that return a Result wait for the disk:
/// not for HTTP threads. Everything handed to the constructor outlives it.
class JobService {
 public:
  JobService(JobStore& jobs, Registry& registry, Store& store, Catalog& catalog,
             Scheduler& scheduler, JobSettings settings, JobSecrets secrets = {});
  /// Drains.
  ~JobService();
  JobService(const JobService&) = delete;
  JobService& operator=(const JobService&) = delete;

  /// First what a crash left: publishing jobs are published, expired leases are taken over. Then
  /// starts jobs as they come.
  Result<void> start();
  /// Stops starting jobs, asks the running ones to stop (reason shutdown: they stay queued with
  /// their checkpoint), waits.
  void drain();
  /// The same, but waits `patience` at the most. False: an operator does not stop, and the log
  /// names its node. Neither the service nor what it was made of may be destroyed then: another
  /// call waits on, or the process ends and leaves its jobs to recovery.
  bool drain_for(std::chrono::milliseconds patience);

  /// Refused when too many jobs wait (Exhausted), or the service drains (Unavailable). Any queue is
  /// taken; of one that is not served here the job waits for a service that does. Waits for the
  /// disk where the request has secret parameters.
  void submit(JobRequest request, StoreRights rights, JobStore::Submitted submitted);
  /// Many at once: each is refused or submitted like one that came alone.
  void submit_all(std::vector<JobRequest> requests, StoreRights rights,
                  JobStore::SubmittedAll submitted);
  /// Many of which each waits for another: all are submitted, or all refused.
  void submit_chain(JobChain chain, StoreRights rights, JobStore::SubmittedChain submitted);
  Result<JobState> abort(JobId id, StopReason reason);
  Result<void> retry(JobId id);
  /// Submits the stored pipeline of a job again, with its seed: the same bytes. Conflict where it
  /// had secret parameters, which are not stored; retry() says the same.
  void rerun(JobId id, JobStore::Submitted submitted);

  /// Where a running job stands; nothing when it does not run here.
  std::optional<Progress> progress(JobId id);
  /// Calls `changed` after each transition and about once a second while the job runs, until it is
  /// final or unwatched. Returns a number for unwatch(). The call comes on an internal thread and
  /// must not block; one that has begun may still be under way when unwatch() returns.
  using Changed = std::function<void(JobId)>;
  std::uint64_t watch(JobId id, Changed changed);
  void unwatch(std::uint64_t watch);

  struct Counters {
    std::uint64_t submitted = 0, finished = 0, failed = 0, aborted = 0, resumed = 0;
    std::size_t queued = 0, running = 0;
  };
  Counters counters() const;

 private:
  friend class Activity;
  friend class JobAttempt;
  bool drain_until(std::optional<std::chrono::steady_clock::time_point> deadline);

  struct State;
  std::shared_ptr<State> state_;  // shared with timers and callbacks that are under way
};

}  // namespace millrace
