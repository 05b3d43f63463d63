#pragma once

#include <cstdint>

#include "engine/catalog/database.hpp"
#include "engine/job/job_store.hpp"

namespace millrace::detail {

// Jobs that wait for others. All of it happens within the transaction that submits or ends a job,
// which holds the row of the one that is waited for: nobody can be missed, at a shared catalog
// neither.

/// How a job begins that waits for another: waiting while that one has not ended, queued where it
/// has ended as this one wants, aborted where it has ended otherwise.
struct Beginning {
  JobState state = JobState::Queued;
  StopReason reason = StopReason::None;        // why it is aborted
  std::int64_t not_before_us = 0, now_us = 0;  // by the database's clock
  std::int64_t depth = 0;                      // how many jobs it waits behind
};

/// Returns it; `now_us` by the engine's clock. InvalidArgument: there is no such job, or too many
/// wait for that one (kMostFollowers), or in a row (kLongestChain).
Result<Beginning> begin_behind(Connection& connection, SqlDialect dialect, const After& after,
                               std::int64_t now_us);

/// The same for a job that has ended and is to begin again. Conflict where the job that it waits
/// for has ended otherwise.
Result<Beginning> begin_again(Connection& connection, SqlDialect dialect, JobId job,
                              std::int64_t now_us);

/// Settles what becomes of the jobs that wait for one which has just ended so, and of those that
/// wait for them: each is queued, its delay from now on, or aborted.
Result<JobStore::Followers> settle_followers(Connection& connection, SqlDialect dialect,
                                             JobId ended, JobState end, std::int64_t now_us);

/// Whether a job that has begun behind this one, or waits for it, has not ended. Holds the row of
/// this one, so that no other comes until the transaction ends.
Result<bool> is_followed(Connection& connection, SqlDialect dialect, JobId job);

}  // namespace millrace::detail
