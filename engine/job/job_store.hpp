#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "engine/catalog/catalog.hpp"
#include "engine/job/job.hpp"
#include "engine/run/run.hpp"
#include "engine/store/store.hpp"

namespace millrace {

class EndingChanges;

/// Jobs in the catalog: every transition is a conditional UPDATE (state and fencing token) together
/// with its journal line, in one transaction, before anybody acts on it. [any thread] Callbacks
/// come on the catalog's writer thread once the change is on disk; those of a request that is
/// refused before it is written come on the caller's thread. Functions without callback wait for
/// the disk.
class JobStore {
 public:
  /// `sealed_place`: of SealedFiles. Jobs whose values lie elsewhere are not started here.
  explicit JobStore(Catalog& catalog, std::string_view sealed_place = {});

  struct Submission {
    JobId id;
    bool is_new = true;  // false: the idempotency key named an earlier job
    // Of one that waits for another (JobRequest::after): waiting, queued, or aborted where that
    // one has ended otherwise.
    JobState state = JobState::Queued;
    std::int64_t not_before_us = 0, wait_us = 0;  // as in Waiting
  };
  using Submitted = std::function<void(Result<Submission>)>;
  void submit(JobRequest request, const StoreRights& rights, Submitted done);
  /// Many at once, in their order; each is answered like one that came alone. Some hundred share a
  /// write, so a failure of the database may meet some of them only.
  using SubmittedAll = std::function<void(std::vector<Result<Submission>>)>;
  void submit_all(std::vector<JobRequest> requests, const StoreRights& rights, SubmittedAll done);

  /// All in one transaction: each is there, or none. The first job is answered like one that came
  /// alone, its followers behind it in their order; where its key names an earlier one, only that.
  using SubmittedChain = std::function<void(Result<std::vector<Submission>>)>;
  void submit_chain(JobChain chain, const StoreRights& rights, SubmittedChain done);

  Result<JobState> state(JobId id);
  Result<Job> get(JobId id);
  /// By the id that its client chose, or by the number where it chose none.
  Result<Job> get(std::string_view dialect, std::string_view external_id);
  struct Filter {
    std::string dialect{}, owner{}, queue{}, state{};  // empty: any
    JobId before{};  // only jobs with a smaller id (created earlier)
    int limit = 100;
  };
  Result<std::vector<Job>> list(const Filter& filter);  // newest first
  Result<std::vector<JobEvent>> events(JobId id, std::int64_t after, int limit);

  /// What the dispatcher needs to know of a job.
  struct Waiting {
    JobId id;
    std::string queue;
    int priority = 0;
    std::int64_t not_before_us = 0;
    JobState state = JobState::Queued;
    std::int64_t wait_us = 0;  // until then, by the database's clock
  };
  /// What became of the jobs that waited for one, and of those that waited for them, in the
  /// transaction that ended it.
  struct Followers {
    std::vector<Waiting> released{};  // queued now
    std::vector<JobId> aborted{};
  };
  /// Jobs that may start now, best first: of each queue the `limit` best that are queued and whose
  /// not_before has passed, of very many queues the best; and so many jobs whose lease has expired.
  Result<std::vector<Waiting>> startable(int limit);
  /// How many jobs are queued or wait for another; counts no further than `most`.
  Result<std::size_t> count_waiting(std::size_t most);
  /// Running, publishing and aborting jobs whose lease has expired, best first.
  Result<std::vector<Waiting>> expired(int limit);
  /// Jobs behind `after` that are queued or wait for another, ascending, whether they may start now
  /// or not.
  Result<std::vector<Waiting>> queued(JobId after, int limit);
  /// Ends all leases at once: for the one engine of a data folder, which is the only one that gave
  /// any.
  Result<void> expire_leases();

  struct Lease {
    JobId job;
    std::int64_t token = 0;
    int attempt = 0;
    bool is_takeover = false;  // of an attempt that died
  };
  /// queued -> running (or takes over an expired lease): increments token and attempt. Conflict
  /// when somebody was faster, or the job is to wait for a later time than `not_before_us`, which
  /// the caller has waited for: no clock is asked, so one that was set back keeps no job waiting.
  void lease(JobId id, std::int64_t not_before_us, std::string_view holder,
             std::chrono::milliseconds time, std::function<void(Result<Lease>)> done);
  /// Takes over a job that died while it was publishing or aborting; its state stays.
  struct Interrupted {
    Lease lease;
    JobState state = JobState::Publishing;
  };
  void take_over(JobId id, std::string_view holder, std::chrono::milliseconds time,
                 std::function<void(Result<Interrupted>)> done);

  // Each of these is refused with Conflict when the token is not the job's any more, or the state
  // may not follow.

  struct Renewed {
    JobState state = JobState::Running;
    StopReason stop_reason = StopReason::None;  // when somebody else asked for an abort
  };
  void renew(const Lease& lease, std::chrono::milliseconds time,
             std::function<void(Result<Renewed>)> done);
  Result<void> checkpoint(const Lease& lease, const Checkpoint& checkpoint, const Json& progress);

  /// Writes where a running job stands. Not waited for; a write that is lost is followed by
  /// another.
  void note_progress(const Lease& lease, const Json& progress);

  /// What an attempt leaves in the job's row. Null members leave what is there.
  struct Ending {
    StopReason reason = StopReason::None;
    std::optional<Error> error;
    std::string failed_node;
    Json result, counts, progress, versions;
    bool has_rows = true;       // false: it has staged nothing and taken no checkpoint
    bool is_published = false;  // its outputs are visible, though it has failed
    // Of the catalog, made with `finished`; null: none. Shared by the writes of the end.
    std::shared_ptr<EndingChanges> changes;
  };
  /// running -> publishing, with the list of staged addresses, after which only finish() may
  /// follow. Checks the changes that finish() will make, and stores them for whoever comes to
  /// that.
  void begin_publish(const Lease& lease, const std::vector<std::string>& uris, const Ending& ending,
                     std::function<void(Result<void>)> done);
  void finish(const Lease& lease, JobState state, const Ending& ending,
              std::function<void(Result<Followers>)> done);
  /// running -> queued, to be tried again after `wait`. Without an error the attempt does not
  /// count. Gives the row's not_before_us.
  void requeue(const Lease& lease, const std::optional<Error>& error,
               std::chrono::milliseconds wait, std::function<void(Result<std::int64_t>)> done);
  /// Notes that the attempt has staged `uri`, so that a later one knows of it. Not waited for, but
  /// in front of every checkpoint that follows.
  void note_staged(const Lease& lease, std::string uri);
  /// Which stages of earlier attempts count for this one: with Keep those that were noted, which it
  /// has made its own, and the checkpoint that speaks of them; with Forget none.
  enum class Inherited { Keep, Forget };
  void inherit(const Lease& lease, Inherited which, std::function<void(Result<void>)> done);
  /// Refuses, within a transaction, what is asked for with a stale token; until the transaction
  /// ends nobody else can get the job.
  Result<void> check(Connection& connection, const Lease& lease) const;
  /// The same for what tidies up behind the last attempt of a job that has ended: refused once
  /// another has begun.
  Result<void> check_last(Connection& connection, JobId id, std::int64_t token) const;

  /// Adds a line to the journal. note(), of an attempt, does not wait for the disk, and is dropped
  /// when the token is not the job's any more.
  Result<void> log(JobId id, std::string_view kind, const Json& body);
  void note(const Lease& lease, std::string_view kind, const Json& body);

  struct Abort {
    JobState state = JobState::Aborted;
    bool changed = true;  // false: it was aborting or aborted before
    Followers followers{};
  };
  /// queued, waiting -> aborted, running -> aborting; aborting and aborted stay; others are
  /// Conflict.
  Result<Abort> abort(JobId id, StopReason reason);
  /// failed or aborted -> queued, attempts counted anew; or waiting, while the job that it waits
  /// for has not ended. Conflict where that one has failed or was aborted.
  Result<Waiting> retry(JobId id);

  struct Removed {
    int jobs = 0;
    JobId looked_at{};     // the last one that was looked at
    bool is_last = false;  // no job behind that one can have ended before
  };
  /// Removes jobs that ended before a time (microseconds), with all that belongs to them. One step:
  /// looks at a page of the jobs behind `after`, oldest first.
  Result<Removed> remove_ended(std::int64_t before_us, JobId after);

  /// The files of sealed values that jobs which have not ended name.
  Result<std::set<std::string>> sealed_files();

  Result<std::optional<Checkpoint>> last_checkpoint(JobId id);
  /// What the job has staged or is publishing, in order.
  struct Output {
    std::string uri;
    std::int64_t token = 0;  // of the attempt whose stage counts
    bool operator==(const Output&) const = default;
  };
  Result<std::vector<Output>> outputs(JobId id);
  /// The changes that begin_publish() stored, as EndingChanges::list() has them.
  Result<std::string> changes(JobId id);

  struct Newest;  // the newest time of creation

 private:
  struct SubmittingAll;
  void write_all(const std::shared_ptr<SubmittingAll>& all, std::size_t first);

  Catalog& catalog_;
  const std::string is_startable_here_;  // SQL: its sealed values are here
  const std::string lease_now_;  // SQL of the time by which leases are judged; takes one value
  const std::string start_queued_, start_expired_;  // the statements of lease()
  std::shared_ptr<Newest> newest_;                  // shared with writes that are under way
};

}  // namespace millrace
