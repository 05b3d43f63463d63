#pragma once

#include <cstddef>

namespace millrace {

// Bytes of an address and its parts.

inline constexpr std::size_t kMostUriBytes = 8192;     // what web servers take
inline constexpr std::size_t kMostKeyBytes = 750;      // of qiniu:, the limit of Kodo
inline constexpr std::size_t kMostSegmentBytes = 255;  // between two slashes, NAME_MAX

}  // namespace millrace
