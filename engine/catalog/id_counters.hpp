#pragma once

#include <cstddef>
#include <cstdint>

#include "engine/catalog/database.hpp"
#include "engine/catalog/part.hpp"

namespace millrace {

/// Draws ids of rows that are to be inserted, within a transaction: the first of `count` that
/// follow each other. They are behind all that were drawn before and behind those in the table, so
/// none is given twice. Who draws next waits for the end of the transaction.
Result<std::int64_t> draw_ids(Connection& connection, const Entity& entity, std::size_t count);

}  // namespace millrace
