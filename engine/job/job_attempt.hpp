#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/graph/sealed.hpp"
#include "engine/job/ending_changes.hpp"
#include "engine/job/ending_policy.hpp"
#include "engine/job/job_service_state.hpp"
#include "engine/job/job_services.hpp"
#include "engine/job/lease_guard.hpp"

namespace millrace {

/// One attempt at one job, from its lease to the row that tells how it ended; also the attempt to
/// end a job whose process died while it was publishing or aborting. Lives as long as the service's
/// list, a task or a callback holds it. Its steps follow one another on different threads, never
/// two at once; what others may call is marked [any thread].
class JobAttempt : public std::enable_shared_from_this<JobAttempt> {
 public:
  /// `asked`: when the lease was asked for.
  JobAttempt(std::shared_ptr<JobService::State> service, JobStore::Lease lease,
             const Dispatcher::Waiting& job, Clock::Steady asked);
  /// Tells what is known of the job, before start(): a first attempt reads no row then.
  void know(ReadyJobs::Ready known);
  ~JobAttempt();

  /// Reads the row, where it is not known, and begins the run. [control pool]
  void start();
  /// Brings a job to its end that died in `state`, publishing or aborting. [control pool]
  void end_interrupted(JobState state);
  /// Asks the run to stop. [any thread]
  void stop(StopReason reason) { cancel_.stop(reason); }
  /// The lease was renewed; that was asked for at `asked`. [any thread]
  void renewed(Clock::Steady asked);
  /// The lease is, or may be, somebody else's now: stop, and touch nothing any more. [any thread]
  void lose_lease();
  /// Says whether the lease holds, and loses it when its time is over. [any thread]
  bool check_lease();
  /// Gives a job back to the queue that never started. [any thread]
  void give_back();

  [[nodiscard]] const JobStore::Lease& lease() const { return lease_; }
  /// [any thread]
  [[nodiscard]] std::optional<Progress> progress() const;
  /// Writes the progress into the row, and what metrics wait to be told; does not wait for it. [any
  /// thread]
  void tell_row();
  /// Names the nodes whose operators are being called. [any thread]
  [[nodiscard]] std::vector<std::string> busy_nodes() const { return watch_.busy_nodes(); }
  /// Says whether the job's deadline has passed. [any thread]
  [[nodiscard]] bool is_late(Clock::Steady now) const {
    return now.time_since_epoch().count() >= deadline_.load(std::memory_order_relaxed);
  }

  // Of the service, under its mutex.
  Clock::Steady leased_at{}, renewed_at{};
  Clock::Steady told_at{};  // when the row was last told of the progress
  bool is_renewing = false, was_told_deadline = false;

 private:
  using Answered = std::function<void(Result<void>)>;
  using Step = std::function<void(Answered)>;
  struct Repeated;

  /// Does a step until it works, or fails with what will not pass (ending_policy.hpp), and hands
  /// that to `then`. `step` answers on any thread; it is repeated on the control pool. Every
  /// change of the job's row goes this way, and what is read for one. When the service ends first,
  /// the row stays as it is for the next start.
  void until_done(EndingStep kind, Step step, Answered then);
  void again(const std::shared_ptr<Repeated>& what);
  void answered(const std::shared_ptr<Repeated>& what, Result<void> result);

  Result<void> read_job();
  void began();
  void go_on(Result<void> begun);
  Result<void> begin();
  Result<std::shared_ptr<const Plan>> make_plan_of_job();
  /// The row's pipeline with the values of its secret parameters (job_sealed.cpp).
  Result<SharedJson> whole_pipeline();
  /// Brings the scratch of the attempt before to this one (job_scratch.cpp).
  Result<void> take_over_scratch();
  Result<void> read_states();
  // The changes of the catalog that wait for the end (job_changes.cpp).
  Result<std::shared_ptr<EndingChanges>> read_changes(std::string list) const;
  Result<void> take_changes();
  /// Removes what the attempts before wrote that is not seen, but what the checkpoint speaks of.
  Result<void> drop_unseen_behind_checkpoint();
  /// The catalog has refused one of them: the job fails with that.
  void changes_refused();
  Result<void> write_checkpoint(const Checkpoint& checkpoint);

  // What it inherits of the attempts before it (job_inheritance.cpp).
  void inherit();
  Result<void> inherit_stages();
  void inherited();

  // How it ends (job_ending.cpp); the first runs on whatever thread brought the outcome, the rest
  // on the control pool or in callbacks.
  void ended(Outcome outcome);
  void settle();
  Result<void> adopt_outputs();
  void publish();
  void publish_outputs();
  void fail(JobState state, std::string_view status);
  void tidy_up(std::string_view status);
  void warn_if_untidy(const Result<void>& ended) const;
  void put_back(const std::optional<Error>& error, std::chrono::milliseconds wait);
  void went_back(const std::optional<Error>& error, std::chrono::milliseconds wait,
                 std::int64_t not_before_us);
  void write_end(JobState state);
  void not_written(const Error& error, JobState wanted);
  void never_taken(const Error& error, JobState wanted);
  void refused(const Error& error, JobState wanted);
  void abandon();
  void done(JobState state);
  void remove_what_is_left();
  [[nodiscard]] JobStore::Ending ending() const;
  [[nodiscard]] Json progress_json() const;
  [[nodiscard]] std::chrono::milliseconds back_off() const;
  void free_slot();
  void post(void (JobAttempt::*step)());

  // What a crash left (job_recovery.cpp).
  Result<void> read_interrupted();
  Result<void> publish_noted();
  void end_publishing();
  void end_aborting();

  const std::shared_ptr<JobService::State>
      service_;  // shared with all attempts, timers and callbacks
  const JobStore::Lease lease_;
  const std::string queue_;
  const int priority_;
  const Activity activity_;
  LeaseGuard guard_;
  Cancel cancel_;
  RunWatch watch_;
  std::atomic<Clock::Steady::rep> deadline_;
  std::atomic<bool> has_services_{false};   // services_ may be read by other threads
  Job job_;                                 // outlives the services
  std::shared_ptr<const Graph> graph_;      // of its pipeline, when that is known
  std::vector<SealedPlace> sealed_places_;  // of secret parameters
  std::optional<Checkpoint> checkpoint_;    // to go on from
  std::vector<JobStore::Output> noted_;     // that count for the checkpoint
  std::unique_ptr<JobServices> services_;
  std::shared_ptr<EndingChanges> changes_;  // null: none; shared with the writes of the end
  Outcome outcome_;
  Json versions_;
  Clock::Steady started_{};
  bool has_slot_ = true;
  std::atomic<bool> has_checkpoint_{false};  // tried to write one
  bool is_publishing_ = false;               // its row says so, and has the result
  bool is_published_ = false;                // its outputs are visible
  bool is_tidied_ = false;                   // its outputs are closed, and published or discarded
  bool is_bare_ = false;                     // the catalog does not take its end with the result
};

}  // namespace millrace
