#include "api/engine/views.hpp"

#include <algorithm>
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

Error no_such(std::string_view what, std::string_view name) {
  return {Code::NotFound, fmt::format("no such {}: {}", what, name)};
}

http::Response response_of(Result<http::Response, Refusal> answer, const http::Request& request) {
  return answer.ok() ? *std::move(answer) : refuse_with_envelope(answer.error(), request);
}

/// The number of the last line that the client has: header Last-Event-ID, or the query's "after"; 0
/// when there is none.
std::int64_t last_event(const Values& values) {
  if (!values.has("Last-Event-ID")) return values.integer("after");
  const auto text = values.text("Last-Event-ID");
  std::int64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return std::max<std::int64_t>(number, 0);
}

Refusal busy() {
  return refusal(Code::Unavailable, "busy", "too many requests are waiting: try again in a second");
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

Views::Views(const Surroundings& surroundings)
    : surroundings_{surroundings},
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
                  std::function<Answer()> work) const {
  const auto until = surroundings_.engine.scheduler().clock().steady() + surroundings_.request_time;
  auto queued = make_work([work = std::move(work), request, reply, until] {
    const CatalogTimeLimit limit{until};
    reply(response_of(work(), *request));
  });
  if (!surroundings_.lane.try_push(queued)) reply(refuse_with_envelope(busy(), *request));
}

// --- operators and pipelines ---

void Views::operators(DirectCall&, const http::Reply& reply) const {
  reply(http::Response::json(200, operators_));
}

void Views::one_operator(DirectCall& call, const http::Reply& reply) const {
  const auto& registry = surroundings_.engine.registry();
  const auto id = call.values.text("id");
  if (const auto* info = registry.find(id))
    return reply(http::Response::json(200, to_text(show_operator(*info))));
  const auto near = registry.nearest(id);
  reply(
      response_of(no_such("operator", near.empty() ? std::string{id}
                                                   : fmt::format("{}; did you mean {}?", id, near)),
                  *call.request));
}

void Views::pipelines(DirectCall&, const http::Reply& reply) const {
  reply(http::Response::json(200, pipelines_));
}

void Views::one_pipeline(DirectCall& call, const http::Reply& reply) const {
  const auto name = fmt::format("{}/{}", call.values.text("folder"), call.values.text("name"));
  if (const auto* entry = surroundings_.pipelines.find(name))
    return reply(http::Response::json(200, to_text(entry->document)));
  reply(response_of(no_such("pipeline", name), *call.request));
}

void Views::validate(DirectCall& call, const http::Reply& reply) const {
  reply(response_of(validated(call.view()), *call.request));
}

Views::Answer Views::validated(const Call& call) const {
  MR_TRY(const auto bound, translate_submit(call));
  const Json* document = &*bound.job.pipeline;
  if (document->is_string()) {
    const auto& name = document->get_ref<const std::string&>();
    const auto* entry = surroundings_.pipelines.find(name);
    if (entry == nullptr) return no_such("pipeline", name);
    document = &entry->document;
  }
  auto checked = surroundings_.engine.validate(*document, bound.parameters, call.caller.rights);
  const auto faults = faults_in_body(std::move(checked.faults), bound.pipeline_at);
  Json answer{{"valid", checked.graph != nullptr}, {"faults", to_json(faults)}};
  if (checked.graph) {
    MR_TRY(const auto plan, surroundings_.engine.plan(*checked.graph));
    answer["plan"] = explain_json(*plan);
  }
  return http::Response::json(200, to_text(answer));
}

// --- jobs ---

void Views::job_events(DirectCall& call, const http::Reply& reply) const {
  later(call.request, reply, [this, values = std::move(call.values)]() -> Answer {
    const auto id = job_of(values);
    if (!id) return no_such_job(values);
    MR_TRY(const auto first, surroundings_.engine.job_store().events(*id, 0, 1));
    if (first.empty()) return no_such_job(values);
    http::Response response;
    response.body = std::make_shared<JobEvents>(surroundings_.engine, surroundings_.lane, *id,
                                                last_event(values))
                        ->body();
    return response;
  });
}

void Views::rerun(DirectCall& call, const http::Reply& reply) const {
  const auto& request = call.request;
  const auto id = job_of(call.values);
  if (!id) return reply(refuse_with_envelope(no_such_job(call.values), *request));
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
  if (!surroundings_.lane.try_push(work)) reply(refuse_with_envelope(busy(), *request));
}

// --- the server ---

void Views::alive(DirectCall&, const http::Reply& reply) const {
  reply(http::Response::json(200, R"({"status":"alive"})"));
}

void Views::ready(DirectCall&, const http::Reply& reply) const { readiness_.answer(reply); }

void Views::metrics(DirectCall&, const http::Reply& reply) const {
  reply(http::Response::text(200, surroundings_.metrics.text(),
                             "text/plain; version=0.0.4; charset=utf-8"));
}

}  // namespace millrace::api
