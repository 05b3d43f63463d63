#pragma once

#include "engine/base/limit.hpp"

namespace millrace::api {

/// The limits of the whole server, by name: those of the engine, of HTTP and of each dialect.
Limits all_limits();

}  // namespace millrace::api
