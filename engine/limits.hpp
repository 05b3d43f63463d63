#pragma once

#include "engine/base/limit.hpp"

namespace millrace {

/// The limits of the engine: what comes in, what waits, what is kept.
Limits engine_limits();

}  // namespace millrace
