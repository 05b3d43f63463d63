#pragma once

#include <cstdint>

#include "engine/catalog/database.hpp"

namespace millrace {

/// Returns how often the rows of changeable entities were changed; grows with each change.
Result<std::int64_t> read_revision(Connection& connection);

/// Begins a change, within a transaction: waits for those of other engines at the database.
Result<void> next_revision(Connection& connection);

}  // namespace millrace
