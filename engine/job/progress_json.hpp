#pragma once

#include "engine/base/json.hpp"
#include "engine/run/run.hpp"

namespace millrace {

/// {"done": 10, "total": 40, "unit": "rows", "per_second": 5.0, "seconds_left": 6.0, "counts":
/// {...}, "nodes": [{"node": "render", "rows_in": 10, "rows_out": 10, "per_second": 5.0, "done":
/// 0.25}]}; total, seconds_left and the done of a node are left out where they are not known.
Json to_json(const Progress& progress);

/// The same when the job has succeeded: all is done, and no time left.
Json as_finished(Json progress);

}  // namespace millrace
