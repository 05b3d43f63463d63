#pragma once

#include <cstdint>

namespace millrace::bench {

/// Returns a port of 127.0.0.1 that was free a moment ago, for a peer that cannot choose one
/// itself. Throws when there is none.
std::uint16_t free_port();

}  // namespace millrace::bench
