#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/job/job_service_state.hpp"
#include "engine/job/job_services.hpp"

namespace millrace {

/// One attempt at one job, from its lease to the row that tells how it ended. Lives as long as the
/// service's list, a task or a callback holds it. Its steps follow one another on different
/// threads, never two at once; what others may call is marked [any thread].
class JobAttempt : public std::enable_shared_from_this<JobAttempt> {
 public:
  JobAttempt(std::shared_ptr<JobService::State> service, JobStore::Lease lease,
             const Dispatcher::Waiting& job);
  ~JobAttempt();

  /// Reads the row and begins the run. [blocking pool]
  void start();
  /// Asks the run to stop. [any thread]
  void stop(StopReason reason) { cancel_.stop(reason); }
  /// The lease belongs to somebody else now: stop, and touch nothing any more. [any thread]
  void lose_lease();
  /// Gives a job back to the queue that never started. [any thread]
  void give_back();

  [[nodiscard]] const JobStore::Lease& lease() const { return lease_; }
  /// [any thread]
  [[nodiscard]] std::optional<Progress> progress() const;
  /// Names the nodes whose operators are being called. [any thread]
  [[nodiscard]] std::vector<std::string> busy_nodes() const { return watch_.busy_nodes(); }
  /// Wall time in microseconds by which it must have ended; 0: none. [any thread]
  [[nodiscard]] std::int64_t deadline_us() const {
    return deadline_us_.load(std::memory_order_relaxed);
  }

  // Of the service, under its mutex.
  Clock::Steady leased_at{}, renewed_at{};
  bool is_renewing = false, was_told_deadline = false;

 private:
  Result<void> begin();
  Result<std::shared_ptr<const Plan>> make_plan_of_job();
  Result<std::optional<Checkpoint>> find_checkpoint();
  Result<void> write_checkpoint(const Checkpoint& checkpoint);

  // How it ends; the first runs on whatever thread brought the outcome, the rest on the blocking
  // pool or in callbacks.
  void ended(Outcome outcome);
  void settle();
  Result<void> adopt_outputs();
  void publish();
  void publish_outputs(int tries);
  void fail(JobState state, std::string_view status);
  void put_back(const std::optional<Error>& error, std::chrono::milliseconds wait);
  void write_end(JobState state);
  void refused(const Error& error, JobState wanted);
  void done(JobState state);
  [[nodiscard]] JobStore::Ending ending() const;
  [[nodiscard]] std::chrono::milliseconds back_off() const;
  void free_slot();
  void post(void (JobAttempt::*step)());
  void again_later(std::function<void()> step);

  const std::shared_ptr<JobService::State>
      service_;  // shared with all attempts, timers and callbacks
  const JobStore::Lease lease_;
  const std::string queue_;
  const int priority_;
  const Activity activity_;
  Cancel cancel_;
  RunWatch watch_;
  std::atomic<bool> lost_{false};
  std::atomic<std::int64_t> deadline_us_{0};
  std::atomic<bool> has_services_{false};  // services_ may be read by other threads
  Job job_;                                // outlives the services
  std::unique_ptr<JobServices> services_;
  Outcome outcome_;
  Json versions_;
  Clock::Steady started_{};
  bool has_slot_ = true;
  std::chrono::milliseconds wait_{
      50};  // before a step that the catalog could not take is tried again
};

}  // namespace millrace
