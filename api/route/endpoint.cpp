#include "api/route/endpoint.hpp"

#include <algorithm>

#include "api/route/road.hpp"

#include <fmt/format.h>

namespace millrace::api {

namespace {

std::string listed(const std::vector<Fault>& faults) {
  std::string text;
  for (const auto& fault : faults)
    text += fmt::format("{}{}: {}", text.empty() ? "" : "; ", fault.pointer, fault.message);
  return text;
}

/// A pipeline of the queued lane is validated with each request. What can be wrong with it without
/// one is found here: parameters that are used and not declared, and everything when all of them
/// have defaults.
Result<void> check_queued(const PipelineLibrary::Entry& entry, Engine& engine) {
  std::vector<Fault> faults;
  bind_parameters(entry.document, Json::object(), faults);
  const bool needs_values = std::any_of(faults.begin(), faults.end(), [](const Fault& fault) {
    return fault.kind == "param_missing";
  });
  std::erase_if(faults, [](const Fault& fault) { return fault.kind == "param_missing"; });
  if (faults.empty() && !needs_values)
    faults = engine.validate(entry.document, Json::object(), {}).faults;
  if (faults.empty()) return {};
  return Error{Code::InvalidArgument,
               fmt::format("invalid pipeline {}: {}", entry.file.string(), listed(faults))};
}

Result<std::shared_ptr<const Engine::Prepared>> prepare(const PipelineLibrary::Entry& entry,
                                                        Engine& engine) {
  auto prepared = engine.prepare(entry.document);
  if (!prepared.ok())
    return prepared.error().within(fmt::format("invalid pipeline {}", entry.file.string()));
  return prepared;
}

}  // namespace

Result<Endpoint> make_endpoint(const Dialect& dialect, const Route& route,
                               const PipelineLibrary& pipelines, Engine& engine, Metrics& metrics) {
  const auto name = fmt::format("{}/{}", dialect.name, route.name);
  Endpoint endpoint;
  endpoint.route = &route;
  endpoint.metrics = &metrics.route(dialect.name, route.name);
  auto schema = RequestSchema::read(route.schema);
  if (!schema.ok()) return schema.error().within(fmt::format("route {}", name));
  endpoint.schema = *std::move(schema);
  if (route.open_file && !endpoint.schema.document().contains("file"))
    return Error{Code::Internal, fmt::format("route {}: takes a file and declares none", name)};
  if (signs_in_by_fields(dialect, route) &&
      !endpoint.schema.declares(dialect.authenticator->field()))
    return Error{Code::Internal,
                 fmt::format("route {}: does not declare the field that it signs in "
                             "by: {}",
                             name, dialect.authenticator->field())};
  if (route.direct) return endpoint;
  if (route.brings_pipeline) {
    if (route.lane != Lane::Inline && route.translate != nullptr) return endpoint;
    return Error{Code::Internal,
                 fmt::format("route {}: a pipeline is only brought to a job", name)};
  }

  if (route.look) {
    MR_TRY(const auto* look, pipelines.get(route.look->pipeline));
    MR_TRY(endpoint.looks, prepare(*look, engine));
  }
  MR_TRY(const auto* entry, pipelines.get(name));
  if (route.lane == Lane::Inline) {
    MR_TRY(endpoint.prepared, prepare(*entry, engine));
  } else {
    MR_CHECK(check_queued(*entry, engine));
    endpoint.pipeline = &entry->document;
  }
  return endpoint;
}

}  // namespace millrace::api
