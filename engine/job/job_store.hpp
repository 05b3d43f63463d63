#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/catalog/catalog.hpp"
#include "engine/job/job.hpp"
#include "engine/run/run.hpp"

namespace millrace {

/// Jobs in the catalog: every transition is a conditional UPDATE (state and fencing token) together with its journal line,
/// in one transaction, before anybody acts on it. [any thread] Callbacks come on the catalog's writer thread once the
/// change is on disk.
class JobStore {
 public:
  explicit JobStore(Catalog& catalog) : catalog_{catalog} {}

  using Submitted = std::function<void(Result<JobId>)>;
  void submit(JobRequest request, Submitted submitted);

  Result<Job> get(JobId id);
  Result<Job> get(std::string_view dialect, std::string_view external_id);
  struct Filter {
    std::string dialect, owner, queue, state;  // empty: any
    JobId before{};                            // only jobs with a smaller id (created earlier)
    int limit = 100;
  };
  Result<std::vector<Job>> list(const Filter& filter);  // newest first
  Result<std::vector<JobEvent>> events(JobId id, std::int64_t after, int limit);

  /// Jobs that may start now, best first: state queued, not_before passed; and jobs whose lease has expired.
  Result<std::vector<Job>> startable(int limit);

  struct Lease {
    JobId job;
    std::int64_t token = 0;
    int attempt = 0;
  };
  /// queued -> running (or takes over an expired lease): increments token and attempt. Conflict when somebody was faster.
  void lease(JobId id, std::string_view holder, std::chrono::milliseconds time, std::function<void(Result<Lease>)> done);
  /// Each of these is refused with Conflict when the token is not the job's any more.
  void renew(const Lease& lease, std::chrono::milliseconds time, std::function<void(Result<void>)> done);
  Result<void> checkpoint(const Lease& lease, const Checkpoint& checkpoint, const Json& progress);
  /// running -> publishing, with the list of staged addresses, after which only finish() may follow.
  Result<void> begin_publish(const Lease& lease, const std::vector<std::string>& uris);
  void finish(const Lease& lease, JobState state, const Outcome& outcome, std::function<void(Result<void>)> done);
  /// running -> queued, to be tried again after `wait`.
  void requeue(const Lease& lease, const Error& error, std::chrono::milliseconds wait,
               std::function<void(Result<void>)> done);
  Result<void> log(JobId id, std::string_view kind, const Json& body);

  /// queued -> aborted, running -> aborting; aborting and aborted stay; finished and failed are Conflict.
  Result<JobState> abort(JobId id, StopReason reason);
  /// failed or aborted -> queued, attempts counted anew.
  Result<void> retry(JobId id);

  Result<std::optional<Checkpoint>> last_checkpoint(JobId id);
  Result<std::vector<std::string>> publishing(JobId id);

 private:
  Catalog& catalog_;
};

}  // namespace millrace
