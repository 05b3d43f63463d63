#pragma once

#include <cstdint>

#include "engine/catalog/part.hpp"

namespace millrace {

struct Asker;

/// Says by which job and pipeline a new model is made, where that is not given.
Result<RowValues> complete_model(Connection& connection, const Asker& asker,
                                 const RowValues& asked);
/// Keeps all that follows from a model: what its documents say, its version, and who sees its
/// promotions.
Result<void> derive_from_model(Connection& connection, std::int64_t model);

}  // namespace millrace
