#pragma once

#include <memory>

#include "api/route/metrics.hpp"
#include "api/route/pipeline_library.hpp"
#include "api/route/request_schema.hpp"
#include "api/route/route.hpp"
#include "engine/engine.hpp"

namespace millrace::api {

/// A route with everything that is made ready at start. Immutable.
struct Endpoint {
  const Route* route = nullptr;
  RequestSchema schema;
  std::shared_ptr<const Engine::Prepared> prepared;  // inline lane; shared with requests that run
  std::shared_ptr<const Engine::Prepared> looks;     // what it asks first; likewise
  const Json* pipeline = nullptr;  // queued lane, of the library; null when the request brings it
  Metrics::Route* metrics = nullptr;
};

/// Makes a route ready: reads its schema, and its pipeline out of the library, and has that
/// validated as far as it can be without a request. An error names the route, or the file and its
/// faults.
Result<Endpoint> make_endpoint(const Dialect& dialect, const Route& route,
                               const PipelineLibrary& pipelines, Engine& engine, Metrics& metrics);

}  // namespace millrace::api
