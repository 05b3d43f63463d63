#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include <millrace/batch.hpp>

#include "engine/base/json.hpp"

namespace millrace::maisie {

/// Models side by side.
inline constexpr std::size_t kMostCompared = 20;

/// Puts models side by side in the order of `ids`, which are all among the rows:
/// {"models": [{"id", "project_id", "name", "version"}], "rows": [{"group": "metrics", "key":
/// "acc", "values": [0.9, null], "differs": true}]}. There is a row for each key that any model
/// has, in the order of first appearance, and null where a model does not have it. A key whose
/// value is null differs from one that is not there.
Json compare_models(const Batch& rows, const std::vector<std::int64_t>& ids);

}  // namespace millrace::maisie
