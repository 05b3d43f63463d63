#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

namespace millrace::bench {

/// The peers of serve_bench and registry_bench. Each starts what it needs on loopback ports with a
/// temporary folder, measures, and stops it again. Nothing, and a line on stderr that says what to
/// install, when something of it is missing.

/// What uvicorn is run on: asyncio and h11, which come with it, or uvloop and httptools, which are
/// C and installed apart.
enum class Uvicorn { Plain, Compiled };

/// An application of FastAPI in the folder of the peers, and what is read from it.
struct FastApi {
  const char* module;    // "fastapi_app"
  const char* path;      // "/jobs/1"
  const char* imports;   // what must be there: "fastapi, uvicorn"
  const char* packages;  // what brings it
};
inline constexpr FastApi kJobRead{"fastapi_app", "/jobs/1", "fastapi, uvicorn",
                                  "python3-fastapi uvicorn"};
inline constexpr FastApi kProjectRead{"registry_app", "/projects/1/",
                                      "fastapi, uvicorn, sqlalchemy",
                                      "python3-fastapi uvicorn python3-sqlalchemy"};

/// Reads per second: FastAPI under uvicorn with two workers, 64 keep-alive connections.
std::optional<double> fastapi_reads(const FastApi& app, Uvicorn uvicorn,
                                    std::chrono::milliseconds time);

/// Empty tasks per second, end to end: Celery with Redis, two worker processes.
std::optional<double> celery_jobs(std::uint64_t count);

}  // namespace millrace::bench
