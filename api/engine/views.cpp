#include "api/engine/views.hpp"

#include <charconv>
#include <utility>

#include "api/engine/envelope.hpp"
#include "api/engine/job_events.hpp"
#include "api/engine/jobs.hpp"
#include "api/route/refusals.hpp"
#include "engine/catalog/time_limit.hpp"
#include "engine/engine.hpp"
#include "engine/plugin/parameter_rules.hpp"

#include <fmt/format.h>

namespace millrace::api {

namespace {

Json show_operator(const OperatorInfo& info) {
  auto shown = to_json(info);
  shown["schema"] = openapi_schema(info.params);
  return shown;
}

std::optional<JobId> job_of(const http::Request& request) {
  const auto text = request.path_value("id");
  std::int64_t number = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (problem != std::errc{} || end != text.data() + text.size() || number < 1) return std::nullopt;
  return JobId{number};
}

http::Response no_such(std::string_view what, std::string_view name, const http::Request& request) {
  return refuse_with_envelope(
      {.error = {Code::NotFound, fmt::format("no such {}: {}", what, name)}}, request);
}

/// The number of the last line that the client has: header Last-Event-ID, or the query's "after"; 0
/// when there is none.
std::int64_t last_event(const http::Request& request) {
  const auto text =
      request.headers.find("Last-Event-ID").value_or(request.query_value("after").value_or(""));
  std::int64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return std::max<std::int64_t>(number, 0);
}

std::string check_store(Engine& engine) {
  const auto& zones = engine.settings().store.zones;
  if (zones.empty()) return "ok";
  const auto probe = parse_uri(fmt::format("qiniu:///{}/readyz/probe", zones.front()));
  if (!probe.ok()) return probe.error().message;
  const auto found = engine.store().stat(*probe);
  return found.ok() || found.error().code == Code::NotFound ? "ok" : found.error().message;
}

std::string check_catalog(Engine& engine) {
  const auto asked = engine.catalog().probe();
  return asked.ok() ? "ok" : asked.error().message;
}

}  // namespace

Views::Views(const Surroundings& surroundings, const std::filesystem::path& share)
    : surroundings_{surroundings},
      assets_{Assets::open(share / "swagger")},
      readiness_{{{"catalog", [&engine = surroundings.engine] { return check_catalog(engine); }},
                  {"store", [&engine = surroundings.engine] { return check_store(engine); }}}} {
  Json operators = Json::array(), pipelines = Json::array();
  for (const auto* info : surroundings.engine.registry().all()) operators.push_back(to_json(*info));
  for (const auto& [name, entry] : surroundings.pipelines.all()) {
    const auto doc = entry.document.value("doc", Json{});
    pipelines.push_back(
        {{"name", name}, {"doc", doc}, {"params", entry.document.value("params", Json::object())}});
  }
  operators_ = to_text(Json{{"items", std::move(operators)}});
  pipelines_ = to_text(Json{{"items", std::move(pipelines)}});
}

void Views::later(const Request& request, const http::Reply& reply,
                  std::function<http::Response()> work) const {
  const auto until = surroundings_.engine.scheduler().clock().steady() + surroundings_.request_time;
  auto queued = make_work([work = std::move(work), reply, until] {
    const CatalogTimeLimit limit{until};
    reply(work());
  });
  if (!surroundings_.lane.try_push(queued))
    reply(refuse_with_envelope(
        refusal(Code::Unavailable, "busy", "too many requests are waiting: try again in a second"),
        *request));
}

// --- operators and pipelines ---

void Views::operators(const Request&, const http::Reply& reply) const {
  reply(http::Response::json(200, operators_));
}

void Views::one_operator(const Request& request, const http::Reply& reply) const {
  const auto& registry = surroundings_.engine.registry();
  const auto id = request->path_value("id");
  if (const auto* info = registry.find(id))
    return reply(http::Response::json(200, to_text(show_operator(*info))));
  const auto near = registry.nearest(id);
  reply(no_such("operator",
                near.empty() ? std::string{id} : fmt::format("{}; did you mean {}?", id, near),
                *request));
}

void Views::pipelines(const Request&, const http::Reply& reply) const {
  reply(http::Response::json(200, pipelines_));
}

void Views::one_pipeline(const Request& request, const http::Reply& reply) const {
  const auto name =
      fmt::format("{}/{}", request->path_value("folder"), request->path_value("name"));
  const auto* entry = surroundings_.pipelines.find(name);
  reply(entry != nullptr ? http::Response::json(200, to_text(entry->document))
                         : no_such("pipeline", name, *request));
}

void Views::validate(const Request& request, const Caller& caller, const http::Reply& reply) const {
  later(request, reply, [this, request, caller]() -> http::Response {
    const auto translated = translate_submit(*request, caller);
    if (const auto* refused = std::get_if<Refusal>(&translated))
      return refuse_with_envelope(*refused, *request);
    const auto& bound = std::get<Bound>(translated);
    const Json* document = &*bound.job.pipeline;
    if (document->is_string()) {
      const auto& name = document->get_ref<const std::string&>();
      const auto* entry = surroundings_.pipelines.find(name);
      if (entry == nullptr) return no_such("pipeline", name, *request);
      document = &entry->document;
    }
    auto checked = surroundings_.engine.validate(*document, bound.parameters, caller.rights);
    for (auto& fault : checked.faults) fault.pointer.insert(0, bound.pipeline_at);
    Json answer{{"valid", checked.graph != nullptr}, {"faults", to_json(checked.faults)}};
    if (checked.graph) {
      const auto plan = surroundings_.engine.plan(*checked.graph);
      if (!plan.ok()) return refuse_with_envelope({.error = plan.error()}, *request);
      answer["plan"] = explain_json(**plan);
    }
    return http::Response::json(200, to_text(answer));
  });
}

// --- jobs ---

void Views::job_events(const Request& request, const http::Reply& reply) const {
  const auto id = job_of(*request);
  if (!id) return reply(no_such("job", request->path_value("id"), *request));
  later(request, reply, [this, request, id = *id]() -> http::Response {
    const auto first = surroundings_.engine.job_store().events(id, 0, 1);
    if (!first.ok()) return refuse_with_envelope({.error = first.error()}, *request);
    if (first->empty()) return no_such("job", request->path_value("id"), *request);
    http::Response response;
    response.body = std::make_shared<JobEvents>(surroundings_.engine, surroundings_.lane, id,
                                                last_event(*request))
                        ->body();
    return response;
  });
}

void Views::rerun(const Request& request, const http::Reply& reply) const {
  const auto id = job_of(*request);
  if (!id) return reply(no_such("job", request->path_value("id"), *request));
  auto work = make_work([this, request, reply, id = *id] {
    surroundings_.engine.jobs().rerun(id, [held = surroundings_.lane.hold(), request,
                                           reply](Result<JobStore::Submission> submitted) {
      if (!submitted.ok())
        return reply(refuse_with_envelope({.error = submitted.error()}, *request));
      auto response = http::Response::json(202, fmt::format(R"({{"id":{}}})", submitted->id.value));
      response.headers.emplace_back(
          "Location", fmt::format("{}/jobs/{}", request->base_url(), submitted->id.value));
      reply(std::move(response));
    });
  });
  if (!surroundings_.lane.try_push(work))
    reply(refuse_with_envelope(
        refusal(Code::Unavailable, "busy", "too many requests are waiting: try again in a second"),
        *request));
}

// --- the server ---

void Views::alive(const http::Reply& reply) const {
  reply(http::Response::json(200, R"({"status":"alive"})"));
}

void Views::ready(const http::Reply& reply) const { readiness_.answer(reply); }

void Views::metrics(const http::Reply& reply) const {
  reply(http::Response::text(200, surroundings_.metrics.text(),
                             "text/plain; version=0.0.4; charset=utf-8"));
}

void Views::openapi(const http::Reply& reply) const { reply(http::Response::json(200, openapi_)); }

void Views::docs(const Request& request, const http::Reply& reply) const {
  if (request->path == "/docs") {
    http::Response response{.status = 308,
                            .headers = {{"Location", request->base_url() + "/docs/"}}};
    return reply(std::move(response));
  }
  const auto file = request->path_value("file");
  later(
      request, reply,
      [this, request, name = std::string{file.empty() ? "index.html" : file}]() -> http::Response {
        auto page = assets_.get(name);
        if (!page.ok()) return refuse_with_envelope({.error = page.error()}, *request);
        return *std::move(page);
      });
}

}  // namespace millrace::api
