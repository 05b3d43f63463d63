#pragma once

#include <string>

#include "engine/job/ending_changes.hpp"
#include "engine/job/kept_changes.hpp"
#include "job_place.hpp"

namespace millrace::test {

/// A pipeline of numbers, of whose rows node "tag" (augment.tagger) makes tags, into output.ledger
/// at `name`, or into output.nothing.
Json tagging(const JobPlace& place, const Json& numbers, const Json& tagger,
             const std::string& name = {});

/// Tags that are seen.
std::int64_t tag_count(JobPlace& place);
/// Changes whose rows are written and not seen.
std::int64_t unseen_count(JobPlace& place);

/// Takes a lease of an hour, or ends the job as finished; waits for that.
JobStore::Lease lease(JobPlace& place, JobId id);
Result<void> finish(JobPlace& place, const JobStore::Lease& lease, const JobStore::Ending& ending);

}  // namespace millrace::test
