#pragma once

#include <cstddef>

namespace millrace {

// What a run keeps in memory besides what waits on edges.

/// Rows that nodes give back with the outcome.
inline constexpr std::size_t kMostKeptBytes = std::size_t{256} << 20;
/// Rows of one sequence number, for an operator that wants all of them at once.
inline constexpr std::size_t kMostWholeBytes = std::size_t{256} << 20;

}  // namespace millrace
