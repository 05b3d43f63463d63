#pragma once

#include <cstddef>

#include "engine/base/result.hpp"
#include "engine/catalog/part.hpp"

namespace millrace {

// What changes may write in one transaction, so that nobody waits for the writer for more than
// 250 ms, in either database (docs/decisions/database.md).

/// Rows of plain entities.
inline constexpr std::size_t kMostRowsAtOnce = 10'000;
/// Rows that are written one by one: of other entities, and of a cascade.
inline constexpr std::size_t kMostSingleRowsAtOnce = 50;
/// Members of a document that is taken apart into rows (DocumentIndex), and characters of their
/// names. What lies within a member is not taken apart.
inline constexpr std::size_t kMostMembers = 10'000;
inline constexpr std::size_t kLongestMember = 255;
/// Names in a list that a change sets.
inline constexpr std::size_t kMostNames = 256;
/// As how many rows a change counts by itself, where it is one of many of a transaction.
inline constexpr std::size_t kRowsOfChange = 25;
/// Rows, and about how many bytes of them, that are written before others have their turn, where a
/// change is written in pieces (pending_change.hpp).
inline constexpr std::size_t kRowsOfPiece = 2'000;
inline constexpr std::size_t kBytesOfPiece = 4 * 1024 * 1024;

/// Whether rows of an entity are written by statements for many of them: it has no functions, and
/// no table is made from its rows.
bool is_plain(const Entity& entity);

/// Rows of an entity that one change may insert, update or delete in a transaction.
std::size_t most_rows_at_once(const Entity& entity);

/// The error of a change of more rows: how many may be, and what to do.
Error too_many_rows(const Entity& entity, std::size_t most);

/// Returns how many rows of a plain entity take as long as `rows` of this one.
std::size_t plain_rows(const Entity& entity, std::size_t rows);

}  // namespace millrace
