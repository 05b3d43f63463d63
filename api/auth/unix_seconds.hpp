#pragma once

#include <chrono>
#include <cstdint>

#include "engine/base/clock.hpp"

namespace millrace::auth {

/// Returns whole seconds since 1970 (UTC), rounded down: NumericDate of RFC 7519.
inline std::int64_t unix_seconds(Clock::Wall time) {
  return std::chrono::floor<std::chrono::seconds>(time.time_since_epoch()).count();
}

}  // namespace millrace::auth
