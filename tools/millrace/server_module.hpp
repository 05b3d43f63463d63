#pragma once

#include <chrono>
#include <string_view>

#include "api/app/app.hpp"
#include "engine/base/limit.hpp"

namespace millrace::tool {

/// The server, all that is below `api/`, is a module of its own beside the program,
/// lib/millrace/millrace_server.so, which `serve` and `limits` load: who runs pipelines neither
/// builds nor loads it (docs/decisions/server-module.md).

/// What program and module must agree on, since C++ types cross between them: both are of one
/// build.
inline constexpr std::string_view kServerModuleBuild = MILLRACE_BUILD_ID;

/// How `serve` talks, and for how long it waits.
struct ServeManner {
  bool json = false, quiet = false;
  /// What running requests, and then running operators, get when the server stops.
  std::chrono::seconds patience{10};
};

/// The functions that the module exports as "millrace_serve", "millrace_server_limits" and
/// "millrace_server_build".
/// Serves until SIGINT or SIGTERM; `code` becomes the exit code.
using Serve = void(const api::AppSettings& settings, const ServeManner& manner, int& code);
/// The limits of the whole server, with those of HTTP and of each dialect.
using ServerLimits = void(Limits& limits);
using ServerModuleBuild = const char*();

struct ServerModule {
  Serve* serve;
  ServerLimits* limits;
};

/// Loads the module, which stays. NotFound: it is not there; Conflict: it is of another build.
Result<ServerModule> load_server_module();

}  // namespace millrace::tool
