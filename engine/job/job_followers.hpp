#pragma once

#include <cstdint>

#include "engine/catalog/database.hpp"
#include "engine/job/job_store.hpp"

namespace millrace::detail {

// Jobs that wait for others. All of it happens within the transaction that submits or ends a job,
// which holds the row of the one that is waited for: nobody can be missed, at a shared catalog
// neither.

/// How a job begins that waits for another: queued where that one has finished, waiting while it
/// has not ended, aborted where it has ended otherwise.
struct Beginning {
  JobState state = JobState::Queued;
  std::int64_t not_before_us = 0, now_us = 0;  // by the database's clock
  std::int64_t depth = 0;                      // how many jobs it waits behind
};

/// Returns it; `now_us` by the engine's clock. InvalidArgument: there is no such job, or too many
/// wait for that one (kMostFollowers), or in a row (kLongestChain).
Result<Beginning> begin_behind(Connection& connection, SqlDialect dialect, const After& after,
                               std::int64_t now_us);

/// The same for a job that has ended and is to begin again. Conflict where the job that it waits
/// for did not finish.
Result<Beginning> begin_again(Connection& connection, SqlDialect dialect, JobId job,
                              std::int64_t now_us);

/// Lets the jobs start that wait for one which has just finished, each its delay from now on.
Result<std::vector<JobStore::Waiting>> release_followers(Connection& connection, SqlDialect dialect,
                                                         JobId finished, std::int64_t now_us);

/// Aborts the jobs that wait for one which failed or was aborted, and those that wait for them.
Result<std::vector<JobId>> abort_followers(Connection& connection, SqlDialect dialect, JobId ended,
                                           std::int64_t now_us);

}  // namespace millrace::detail
