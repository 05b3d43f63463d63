#pragma once

#include "engine/base/json.hpp"
#include "engine/run/run.hpp"

namespace millrace {

/// {"done": 10, "total": 40, "unit": "rows", "per_second": 5.0, "seconds_left": 6.0, "counts":
/// {...}}; total and seconds_left are left out where they are not known.
Json to_json(const Progress& progress);

}  // namespace millrace
