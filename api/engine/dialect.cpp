#include "api/engine/dialect.hpp"

#include <utility>

#include "api/engine/envelope.hpp"
#include "api/engine/jobs.hpp"
#include "api/engine/reply_schemas.hpp"

namespace millrace::api {

namespace {

using http::Method;
using Show = void (Views::*)(DirectCall&, const http::Reply&) const;

constexpr std::string_view kList = R"({"query": {
  "limit": {"type": "integer", "minimum": 1, "maximum": 1000, "default": 100, "doc": "jobs at the most"},
  "before": {"type": "integer", "minimum": 1, "doc": "only jobs older than this one: next of the page before"},
  "state": {"type": "string", "enum": ["waiting", "queued", "running", "publishing", "aborting", "finished", "failed", "aborted"]},
  "queue": {"type": "string"},
  "dialect": {"type": "string", "doc": "only jobs that came through this API"}}})";

constexpr std::string_view kJob =
    R"({"path": {"id": {"type": "string", "doc": "number of the job", "example": "1"}}})";

// Of what a job's state may not allow.
constexpr std::string_view kJobChange =
    R"({"path": {"id": {"type": "string", "doc": "number of the job", "example": "1"}},
  "responses": {"409": {"doc": "The state of the job does not allow it."}}})";

constexpr std::string_view kEvents =
    R"({"path": {"id": {"type": "string", "doc": "number of the job", "example": "1"}},
  "query": {"after": {"type": "integer", "minimum": 0, "doc": "only lines of the journal behind this one"}},
  "header": {"Last-Event-ID": {"type": "string", "doc": "the same, as browsers send it; goes before after"}},
  "responses": {"200": {"doc": "The journal as server-sent events, until the job has ended.", "type": "text/event-stream", "schema": {"type": "string"}}}})";

constexpr std::string_view kOperator =
    R"({"path": {"id": {"type": "string", "doc": "role.name", "example": "output.reply"}}})";

constexpr std::string_view kPipeline = R"({"path": {
  "folder": {"type": "string", "example": "examples"}, "name": {"type": "string", "example": "augment"}}})";

constexpr std::string_view kReady = R"({"responses": {"503": {"doc": "One of them does not answer.",
  "schema": {"$ref": "Status"}, "example": {"status": "not ready", "catalog": "ok", "store": "has not answered for 2.0 s"}}}})";

constexpr std::string_view kText =
    R"({"responses": {"200": {"doc": "OK", "type": "text/plain", "schema": {"type": "string"}, "example": "millrace_jobs_queued 0\n"}}})";

/// A route that has no pipeline: it shows the server, or streams.
Route view(const Views& views, Method method, std::string_view path, std::string_view name,
           std::string_view summary, std::string_view schema, Show show,
           Auth auth = Auth::Required) {
  Route route{.method = method,
              .path = std::string{path},
              .name = std::string{name},
              .summary = std::string{summary},
              .auth = auth,
              .schema = std::string{schema}};
  route.direct = [&views, show](DirectCall call, const http::Reply& reply) {
    (views.*show)(call, reply);
  };
  return route;
}

Route submit_route() {
  Route submit{.method = Method::Post,
               .path = "/jobs",
               .name = "submit",
               .summary = "Run a pipeline as a job, or many as a job each",
               .lane = Lane::Queued,
               .schema = showing("SubmittedMany", submissions_schema(), 202),
               .translate = translate_submissions,
               .reply = reply_submitted};
  submit.values_max = kMostPipelineValues;
  submit.brings_pipeline = true;
  submit.body_bytes = kMostPipelineBytes;
  return submit;
}

Route validate_route(const Views& views) {
  auto validate = view(views, Method::Post, "/pipelines/validate", "validate",
                       "Check a pipeline without running it",
                       showing("Validation", submit_schema()), &Views::validate);
  validate.body_bytes = kMostPipelineBytes;
  validate.values_max = kMostPipelineValues;
  return validate;
}

Route job_route(Method method, std::string_view path, std::string_view name,
                std::string_view summary, std::string schema,
                ReplyResult (*reply)(const Answered&)) {
  return {.method = method,
          .path = std::string{path},
          .name = std::string{name},
          .summary = std::string{summary},
          .schema = std::move(schema),
          .translate = translate_job,
          .reply = reply};
}

std::vector<Route> job_routes(const Views& views) {
  return {
      submit_route(),
      Route{.method = Method::Get,
            .path = "/jobs",
            .name = "jobs",
            .summary = "List jobs, newest first",
            .schema = showing("JobPage", kList),
            .translate = translate_job_list,
            .reply = reply_job_list},
      job_route(Method::Get, "/jobs/{id}", "job", "Get one job", showing("Job", kJob), reply_job),
      job_route(Method::Get, "/jobs/{id}/pipeline", "job_pipeline",
                "Get the pipeline of a job, as it runs", showing("Pipeline", kJob),
                reply_job_pipeline),
      job_route(Method::Post, "/jobs/{id}/abort", "abort", "Stop a job within one batch",
                showing("Job", kJobChange), reply_job),
      job_route(Method::Post, "/jobs/{id}/retry", "retry", "Queue a failed or aborted job again",
                showing("Job", kJobChange), reply_job),
      view(views, Method::Post, "/jobs/{id}/rerun", "rerun",
           "Run the pipeline of a job again, with its seed: the same bytes",
           showing("Submitted", kJobChange, 202), &Views::rerun),
      view(views, Method::Get, "/jobs/{id}/events", "events", "Follow the journal of a job",
           kEvents, &Views::job_events)};
}

void add_views(const Views& views, std::vector<Route>& routes) {
  const auto add = [&](std::string_view path, std::string_view name, std::string_view summary,
                       std::string_view schema, Show show, Auth auth = Auth::Required) {
    routes.push_back(view(views, Method::Get, path, name, summary, schema, show, auth));
  };
  add("/operators", "operators", "List operators", showing("OperatorList", "{}"),
      &Views::operators);
  add("/operators/{id}", "operator", "Get one operator and the schema of its parameters",
      showing("Operator", kOperator), &Views::one_operator);
  add("/pipelines", "pipelines", "List the pipelines that the server has",
      showing("PipelineList", "{}"), &Views::pipelines);
  add("/pipelines/{folder}/{name}", "pipeline", "Get one pipeline", showing("Pipeline", kPipeline),
      &Views::one_pipeline);
  routes.push_back(validate_route(views));
  add("/livez", "livez", "Is the process alive?", showing("Status", "{}"), &Views::alive,
      Auth::Open);
  add("/readyz", "readyz", "Do catalog and store answer?", showing("Status", kReady), &Views::ready,
      Auth::Open);
  add("/metrics", "metrics", "Counters in the text form of Prometheus", kText, &Views::metrics,
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
  dialect.reaches_databases = true;
  dialect.challenge = "Bearer realm=\"millrace\"";
  dialect.refuse = refuse_with_envelope;
  dialect.decorate = [](const http::Request& request, http::Response& response) {
    response.headers.emplace_back("X-Request-Id", request.id);
  };
  dialect.schemas = engine_schemas();
  dialect.refusal_schema = engine_refusal_schema();
  dialect.security_scheme = Json{{"type", "http"},
                                 {"scheme", "bearer"},
                                 {"description", "the text of the file token in the data folder"}};
  return dialect;
}

}  // namespace millrace::api
