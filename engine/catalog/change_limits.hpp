#pragma once

#include <cstddef>

#include "engine/catalog/part.hpp"

namespace millrace {

// What changes may write in one transaction, so that nobody waits for the writer for more than
// 250 ms, in either database (docs/decisions/database.md).

/// Rows of an entity that has no tables which are made from it.
inline constexpr std::size_t kMostRowsAtOnce = 1'000;
/// Rows whose derived tables are written one by one.
inline constexpr std::size_t kMostDerivedRowsAtOnce = 1'000;

/// Whether rows of an entity can be written by statements for many of them: nothing is to be done for
/// each.
bool is_plain(const Entity& entity);

std::size_t most_rows_at_once(const Entity& entity);

/// The error of a change of more rows: how many may be, and what to do.
Error too_many_rows(const Entity& entity, std::size_t most);

/// Returns how many rows of a plain entity take as long as `rows` of this one.
std::size_t plain_rows(const Entity& entity, std::size_t rows);

}  // namespace millrace
