#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <unordered_set>

#include "engine/catalog/catalog.hpp"
#include "engine/job/dispatcher.hpp"
#include "engine/job/job_service.hpp"
#include "engine/job/job_watchers.hpp"
#include "engine/job/outage_log.hpp"
#include "engine/job/ready_jobs.hpp"
#include "engine/job/store_services.hpp"

namespace millrace {

class JobAttempt;

/// Something of the service that is under way: drain() waits until there is none. Held by attempts,
/// tasks and callbacks.
class Activity {
 public:
  explicit Activity(std::shared_ptr<JobService::State> state);
  Activity(const Activity&) = delete;
  Activity& operator=(const Activity&) = delete;
  ~Activity();

 private:
  const std::shared_ptr<JobService::State> state_;
};

struct JobService::State : std::enable_shared_from_this<JobService::State> {
  State(JobService& own, JobStore& job_store, Registry& operators, Store& objects,
        Catalog& metadata, Scheduler& workers, JobSettings given, const JobSecrets& secrets);

  // Submission (job_service.cpp). [any thread]
  Result<void> admit(JobRequest& request);
  Result<void> take_place();
  void withdraw(const Job& job);
  void submitted(ReadyJobs::Ready job, const Result<JobStore::Submission>& made);

  // Dispatch (job_dispatch.cpp). [any thread]
  /// Asks leases for the jobs that may come next.
  void dispatch();
  void on_lease(const Dispatcher::Waiting& job, Clock::Steady asked,
                Result<JobStore::Lease> leased);
  /// Starts what is leased as far as there are slots.
  void start_leased();
  void add_waiting(const JobStore::Waiting& job);
  /// The same under the mutex. False: nobody here can start it now; it waits for another job, or
  /// its queue is not served.
  bool queue_up(const JobStore::Waiting& job);
  [[nodiscard]] bool is_served(const std::string& queue) const {
    return settings.served.empty() || settings.served.contains(queue) || queue == kPromptQueue;
  }
  /// Goes on with the jobs that waited for one which has ended.
  void go_on_behind(const JobStore::Followers& followers);
  /// An attempt went back to the queue, to be started after `wait`.
  void requeued(const Dispatcher::Waiting& job);
  void executed(JobId id, std::chrono::nanoseconds took);
  /// The attempt is over and its row written; `state` is what became of the job.
  void attempt_done(const std::shared_ptr<JobAttempt>& attempt, JobState state);
  std::shared_ptr<JobAttempt> find(JobId id);

  // Timers (job_timers.cpp).
  /// Sees to it that tick() comes in time for what is due. Under the mutex.
  void arm();
  void tick(Clock::Steady due);
  void renew(const std::shared_ptr<JobAttempt>& attempt);
  void poll_shared_catalog();
  /// Removes what has ended long ago, now and every hour, on the upkeep pool (job_retention.cpp).
  void sweep_now_and_then();
  void sweep();
  [[nodiscard]] std::int64_t now_us() const { return to_micros(catalog.clock().now()); }
  /// What the dispatcher counts in: all intervals are measured by the steady clock.
  [[nodiscard]] std::int64_t steady_us() const {
    return std::chrono::duration_cast<std::chrono::microseconds>(
               catalog.clock().steady().time_since_epoch())
        .count();
  }

  // Recovery (job_recovery.cpp). [control pool, or the thread that calls start()]
  Result<void> recover();
  /// Takes over a job that died while publishing or aborting, and brings it to its end. [any
  /// thread]
  void recover(JobId id);
  void on_taken_over(const JobStore::Interrupted& taken, Clock::Steady asked);
  /// Writes the record log of a job that was aborted while no attempt of it ran, and discards what
  /// it had staged.
  Result<void> end_aborted(JobId id);
  /// Tidies up behind a job that was aborted while no attempt of it ran.
  void aborted_in_queue(JobId id);
  /// end_aborted() until it works, or will never work; `wait` before it is tried again.
  void tidy_aborted(JobId id, std::chrono::milliseconds wait = std::chrono::milliseconds{50});
  /// Removes what jobs that have ended left staged.
  void sweep_stages();
  /// Removes the rows that a job which has ended wrote and nobody sees (job_changes.cpp); a failure
  /// is logged, and the catalog's own sweep tries again. [upkeep pool]
  void drop_unseen(JobId id);

  // Scratch (job_scratch.cpp). [upkeep pool]
  /// Removes what the attempts of a job up to `token` kept aside; a failure is logged, and a sweep
  /// tries again.
  void remove_scratch(JobId id, std::int64_t token);
  /// Removes it where the job has ended, or the catalog does not know it: of one, or of all.
  void sweep_scratch(JobId id);
  void sweep_scratch();

  // Values of secret parameters (job_sealed.cpp). [any thread; block]
  Result<void> seal(JobRequest& request);
  /// The submission is over: `is_named` says whether a row may name the file.
  void sealed_written(const std::string& file, bool is_named);
  void erase_sealed(const std::string& file);
  /// Erases those of a job that has ended.
  void erase_sealed_of(JobId id);
  void sweep_sealed();

  // Contents (job_contents.cpp). [upkeep pool]
  /// Removes contents that jobs which have ended have made and nothing names: of one, or of all.
  /// What does not work is logged, and done by the next start or the hourly sweep.
  void remove_contents(JobId only = {});

  void post(Pool pool, std::function<void()> work);
  /// Runs `work` on the control pool after a while; keeps drain() waiting.
  void post_after(std::chrono::milliseconds delay, std::function<void()> work);
  StoreServices::Surroundings around() {
    return {store, catalog, service, connections, settings.lease};
  }
  [[nodiscard]] bool is_stopping() const;

  JobService& service;
  JobStore& jobs;
  Registry& registry;
  Store& store;
  Catalog& catalog;
  Scheduler& scheduler;
  const Connections* const connections;  // null: none are named
  SealedFiles* const sealed;             // null: no job may have secret parameters
  const JobSettings settings;
  JobWatchers watchers;
  OutageLog outages;

  mutable std::mutex mutex;  // guards all below
  Dispatcher dispatcher;
  ReadyJobs ready;                                                  // of those that wait
  std::unordered_map<JobId, std::shared_ptr<JobAttempt>> attempts;  // leased, running, ending
  /// Queued and waiting jobs that the dispatcher does not know. At a shared catalog those since it
  /// was asked last; `elsewhere` is what it said.
  std::unordered_set<JobId> parked;
  std::size_t elsewhere = 0;
  std::set<JobId> to_take_over;  // died while ending; the catalog did not take the take-over yet
  Counters counters;
  std::size_t submitting = 0;
  std::size_t activities = 0;
  std::condition_variable activities_changed;
  bool started = false, stopping = false, closed = false;
  std::optional<Clock::Steady> armed;  // when the next tick comes
  Clock::Steady polled{}, told{}, sealed_swept{};
};

}  // namespace millrace
