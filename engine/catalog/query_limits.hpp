#pragma once

#include <cstddef>
#include <cstdint>

namespace millrace {

// What one question to the catalog may ask for.

/// Conditions of a question, and values of one that says "in".
inline constexpr std::size_t kMostConditions = 64;
inline constexpr std::size_t kMostInValues = 1'000;
/// Rows of an answer.
inline constexpr std::int64_t kMostRows = 1'000'000;

}  // namespace millrace
