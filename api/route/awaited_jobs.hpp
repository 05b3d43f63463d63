#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>

#include "api/http/departure.hpp"
#include "api/route/refusals.hpp"
#include "engine/base/ids.hpp"
#include "engine/job/job.hpp"

namespace millrace {
class Engine;
}

namespace millrace::api {

class WorkLane;

/// How long an answer waits for the end of its job, where its route does not say otherwise.
inline constexpr std::chrono::hours kAwaitedTime{1};
/// Requests that wait so at a time.
inline constexpr std::size_t kMostAwaited = 1'024;

/// Requests whose answers wait for the end of a job. They take no thread: the job service tells of
/// changes, and one timer keeps all deadlines. [any thread]
class AwaitedJobs {
 public:
  /// Engine and lane outlive it.
  AwaitedJobs(Engine& engine, WorkLane& lane, std::size_t most);
  /// Closes.
  ~AwaitedJobs();
  AwaitedJobs(const AwaitedJobs&) = delete;
  AwaitedJobs& operator=(const AwaitedJobs&) = delete;

  /// The right to wait; gives it back when it goes away.
  using Place = std::shared_ptr<const void>;
  /// Asked for before the job is submitted. Refused when too many wait (busy), or after close()
  /// (stopping).
  [[nodiscard]] Result<Place, Refusal> enter();

  /// Called once: on the lane's pool with the row of a job that has ended, in whatever state; else
  /// with "deadline", "stopping", "client_left", on any thread, and must not block.
  using Ended = std::function<void(Result<Job, Refusal>)>;
  struct Wait {
    Place place{};
    std::chrono::milliseconds time = kAwaitedTime;
    /// The job is aborted when nobody waits for it any more and it has not ended; else it goes on.
    bool stops_with_client = true;
    std::shared_ptr<http::Departure> departure{};  // null: the client stays
    Ended ended{};
  };
  void wait(JobId job, Wait wait);

  /// Refuses all that wait, and whoever comes after ("stopping"): what their jobs are then is said
  /// by their routes.
  void close();

  [[nodiscard]] std::size_t waiting() const;

 private:
  struct State;
  std::shared_ptr<State> state_;  // shared, weakly, with timers and those who tell of changes
};

/// For who is not there any more.
Refusal client_left();

/// Why a job that has ended brought nothing: it failed, with the error that it has, or it was
/// aborted ("aborted", "deadline").
Result<void, Refusal> check_finished(const Job& job);

}  // namespace millrace::api
