#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace millrace::learn {

/// Sums in the order in which numpy adds contiguous doubles: blocks of 128 by eight partial sums.
double numpy_sum(std::span<const double> values);

/// Returns the places of the values, ascending by value, equal ones in the order in which
/// numpy.argsort() leaves integers by default: introspective sort with the median of three, which
/// is not stable.
std::vector<std::uint32_t> numpy_argsort(std::span<const std::int64_t> values);

}  // namespace millrace::learn
