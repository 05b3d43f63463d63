#pragma once

#include <cstdint>
#include <limits>
#include <optional>

namespace millrace::tables {

/// The sum of as many 64-bit numbers as a job can have rows fits, in whatever order they come.
__extension__ using Wide = __int128;

/// Returns nothing for a number beyond 64 bits.
inline std::optional<std::int64_t> narrow(Wide number) {
  using Limits = std::numeric_limits<std::int64_t>;
  if (number < Limits::min() || number > Limits::max()) return {};
  return static_cast<std::int64_t>(number);
}

}  // namespace millrace::tables
