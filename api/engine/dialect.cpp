#include "api/engine/dialect.hpp"

#include <utility>

#include "api/engine/envelope.hpp"
#include "api/engine/jobs.hpp"

namespace millrace::api {

namespace {

using http::Method;
using SharedRequest = std::shared_ptr<http::Request>;

constexpr std::string_view kSubmit = R"({"body": {"type": "object", "mandatory": true,
  "doc": "A pipeline as it is, or an envelope: the pipeline or the name of one that the server has, and how to run it; or an array of 1 to 10,000 of these (then the answer is an array too: {\"id\": ...} or {\"error\": ...} for each, in the same order).",
  "additionalProperties": true, "properties": {
  "pipeline": {"type": "any", "doc": "the pipeline, or a name such as examples/augment"},
  "params": {"type": "object", "doc": "values of the pipeline's parameters"},
  "queue": {"type": "string", "default": "default", "doc": "the queue that the job waits in"},
  "priority": {"type": "integer", "default": 0, "doc": "higher runs first"},
  "idempotencyKey": {"type": "string", "maxLength": 255, "doc": "the same key gives the first job again"},
  "maxAttempts": {"type": "integer", "default": 3, "minimum": 1, "maximum": 100, "doc": "tries in all"},
  "deadlineSeconds": {"type": "integer", "minimum": 1, "doc": "time from the first start, then the job is aborted"}}},
  "responses": {"202": {"doc": "The job is on disk; of many, each that has an id.", "schema": {"type": "object", "properties": {"id": {"type": "integer"}}}},
    "400": {"doc": "The pipeline is not valid: error.faults lists everything that is wrong."}}})";

constexpr std::string_view kList = R"({"query": {
  "limit": {"type": "integer", "minimum": 1, "maximum": 1000, "default": 100, "doc": "jobs at the most"},
  "before": {"type": "integer", "minimum": 1, "doc": "only jobs older than this one: next of the page before"},
  "state": {"type": "string", "enum": ["queued", "running", "publishing", "aborting", "finished", "failed", "aborted"]},
  "queue": {"type": "string"},
  "dialect": {"type": "string", "doc": "only jobs that came through this API"}}})";

constexpr std::string_view kJob =
    R"({"path": {"id": {"type": "string", "doc": "number of the job"}}})";

constexpr std::string_view kEvents =
    R"({"path": {"id": {"type": "string", "doc": "number of the job"}},
  "query": {"after": {"type": "integer", "minimum": 0, "doc": "only lines of the journal behind this one, as Last-Event-ID"}},
  "responses": {"200": {"doc": "The journal as server-sent events, until the job has ended.", "type": "text/event-stream"}}})";

constexpr std::string_view kOperator =
    R"({"path": {"id": {"type": "string", "doc": "role.name, for example augment.flip"}}})";

constexpr std::string_view kPipeline = R"({"path": {
  "folder": {"type": "string", "doc": "for example examples"}, "name": {"type": "string", "doc": "for example augment"}}})";

constexpr std::string_view kText = R"({"responses": {"200": {"doc": "OK", "type": "text/plain"}}})";

constexpr std::string_view kPage = R"({"responses": {"200": {"doc": "OK", "type": "text/html"}}})";

/// A route that has no pipeline: it shows the server, or streams.
template <class Function>
Route view(Method method, std::string_view path, std::string_view name, std::string_view summary,
           std::string_view schema, Auth auth, Function function) {
  Route route{.method = method,
              .path = path,
              .name = name,
              .summary = summary,
              .auth = auth,
              .schema = schema};
  route.direct = [function = std::move(function)](const SharedRequest& request,
                                                  const Caller& caller, const http::Reply& reply) {
    function(request, caller, reply);
  };
  return route;
}

std::vector<Route> job_routes(const Views& views) {
  Route submit{.method = Method::Post,
               .path = "/jobs",
               .name = "submit",
               .summary = "Run a pipeline as a job, or many as a job each",
               .lane = Lane::Queued,
               .schema = kSubmit,
               .translate = translate_submissions,
               .reply = reply_submitted};
  submit.checks_schema = false;
  submit.values_max = kMostPipelineValues;
  submit.brings_pipeline = true;
  submit.body_bytes = kMostPipelineBytes;
  const auto job = [](Method method, std::string_view path, std::string_view name,
                      std::string_view summary, ReplyResult (*reply)(const Answered&)) {
    return Route{.method = method,
                 .path = path,
                 .name = name,
                 .summary = summary,
                 .schema = kJob,
                 .translate = translate_job,
                 .reply = reply};
  };
  return {
      std::move(submit),
      Route{.method = Method::Get,
            .path = "/jobs",
            .name = "jobs",
            .summary = "List jobs, newest first",
            .schema = kList,
            .translate = translate_job_list,
            .reply = reply_job_list},
      job(Method::Get, "/jobs/{id}", "job", "Get one job", reply_job),
      job(Method::Get, "/jobs/{id}/pipeline", "job_pipeline",
          "Get the pipeline of a job, as it runs", reply_job_pipeline),
      job(Method::Post, "/jobs/{id}/abort", "abort", "Stop a job within one batch", reply_job),
      job(Method::Post, "/jobs/{id}/retry", "retry", "Queue a failed or aborted job again",
          reply_job),
      view(Method::Post, "/jobs/{id}/rerun", "rerun",
           "Run the pipeline of a job again, with its seed: the same bytes", kJob, Auth::Required,
           [&views](const SharedRequest& request, const Caller&, const http::Reply& reply) {
             views.rerun(request, reply);
           }),
      view(Method::Get, "/jobs/{id}/events", "events", "Follow the journal of a job", kEvents,
           Auth::Required,
           [&views](const SharedRequest& request, const Caller&, const http::Reply& reply) {
             views.job_events(request, reply);
           })};
}

void add_views(const Views& views, std::vector<Route>& routes) {
  const auto add = [&](Method method, std::string_view path, std::string_view name,
                       std::string_view summary, std::string_view schema,
                       void (Views::*show)(const SharedRequest&, const http::Reply&) const,
                       Auth auth = Auth::Required) {
    routes.push_back(
        view(method, path, name, summary, schema, auth,
             [&views, show](const SharedRequest& request, const Caller&, const http::Reply& reply) {
               (views.*show)(request, reply);
             }));
  };
  const auto add_open = [&](std::string_view path, std::string_view name, std::string_view summary,
                            std::string_view schema,
                            void (Views::*show)(const http::Reply&) const) {
    routes.push_back(view(Method::Get, path, name, summary, schema, Auth::Open,
                          [&views, show](const SharedRequest&, const Caller&,
                                         const http::Reply& reply) { (views.*show)(reply); }));
  };
  add(Method::Get, "/operators", "operators", "List operators", "{}", &Views::operators);
  add(Method::Get, "/operators/{id}", "operator",
      "Get one operator and the schema of its parameters", kOperator, &Views::one_operator);
  add(Method::Get, "/pipelines", "pipelines", "List the pipelines that the server has", "{}",
      &Views::pipelines);
  add(Method::Get, "/pipelines/{folder}/{name}", "pipeline", "Get one pipeline", kPipeline,
      &Views::one_pipeline);
  auto validate =
      view(Method::Post, "/pipelines/validate", "validate", "Check a pipeline without running it",
           kSubmit, Auth::Required,
           [&views](const SharedRequest& request, const Caller& caller, const http::Reply& reply) {
             views.validate(request, caller, reply);
           });
  validate.checks_schema = false;
  validate.body_bytes = kMostPipelineBytes;
  validate.values_max = kMostPipelineValues;
  routes.push_back(std::move(validate));
  add_open("/livez", "livez", "Is the process alive?", "{}", &Views::alive);
  add_open("/readyz", "readyz", "Do catalog and store answer?", "{}", &Views::ready);
  add_open("/metrics", "metrics", "Counters in the text form of Prometheus", kText,
           &Views::metrics);
  add_open("/openapi.json", "openapi", "This document", "{}", &Views::openapi);
  for (const auto& [path, name] :
       {std::pair{"/docs", "docs"}, {"/docs/", "docs_index"}, {"/docs/{file}", "docs_file"}})
    add(Method::Get, path, name, "The page that shows this document", kPage, &Views::docs,
        Auth::Open);
}

}  // namespace

Dialect make_engine_dialect(const Views& views, std::shared_ptr<const Authenticator> authenticator,
                            std::string_view version) {
  Dialect dialect;
  dialect.name = "engine";
  dialect.title = "Millrace";
  dialect.version = version;
  dialect.routes = job_routes(views);
  add_views(views, dialect.routes);
  dialect.authenticator = std::move(authenticator);
  dialect.requires_sign_in = true;
  dialect.opens_files = true;
  dialect.challenge = "Bearer realm=\"millrace\"";
  dialect.refuse = refuse_with_envelope;
  dialect.decorate = [](const http::Request& request, http::Response& response) {
    response.headers.emplace_back("X-Request-Id", request.id);
  };
  dialect.security_scheme = Json{{"type", "http"}, {"scheme", "bearer"}};
  return dialect;
}

}  // namespace millrace::api
