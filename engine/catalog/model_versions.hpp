#pragma once

#include <cstdint>

#include "engine/catalog/database.hpp"

namespace millrace {

/// Gives a model the next number of its project and name, when it has none for them yet. A number
/// is never used again; a model without a name has none. A model that is in force in a stage keeps
/// its project and name: Conflict. Within the transaction that made or changed the model.
Result<void> number_model(Connection& connection, std::int64_t model);

}  // namespace millrace
