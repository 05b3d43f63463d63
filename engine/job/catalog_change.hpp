#pragma once

#include <cstdint>

#include <millrace/batch.hpp>

#include "engine/base/json.hpp"
#include "engine/base/result.hpp"

namespace millrace {

class Catalog;
struct Asker;
class JobService;

/// Jobs that one change aborts.
inline constexpr std::int64_t kMostAbortedJobs = 1'000;

/// Does what an operator asked of the catalog (docs/catalog.md) and returns the changed row. Jobs
/// have actions of their own, {"entity": "jobs", "action": "abort" | "retry", "id": 7, "reason":
/// "user"}; instead of the id, "dialect" and "external_id" name the job. An abort takes "where"
/// too, with conditions as those of a query: it aborts the jobs that meet them and have not ended,
/// and returns their ids; more than kMostAbortedJobs are Exhausted. Everything else is
/// Catalog::change. With an owner, a row of another owner is NotFound. Unknown actions are
/// InvalidArgument.
Result<Batch> change_catalog(Catalog& catalog, JobService& jobs, const Json& change,
                             const Asker& asker);

}  // namespace millrace
