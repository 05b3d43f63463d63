#pragma once

#include <string_view>

#include <millrace/batch.hpp>

#include "engine/base/json.hpp"
#include "engine/base/result.hpp"

namespace millrace {

class Catalog;
class JobService;

/// Does what an operator asked of the catalog (docs/catalog.md) and returns the changed row:
/// {"entity": "jobs", "action": "abort" | "retry", "id": 7, "reason": "user"}. Instead of the id,
/// "dialect" and "external_id" name the job. With `owner`, a row of another owner is NotFound.
/// Unknown actions are InvalidArgument.
Result<Batch> change_catalog(Catalog& catalog, JobService& jobs, const Json& change,
                             std::string_view owner);

}  // namespace millrace
