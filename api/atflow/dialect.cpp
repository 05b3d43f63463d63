#include "api/atflow/dialect.hpp"

#include <string>
#include <utility>

#include "api/atflow/errors.hpp"
#include "api/atflow/jobs.hpp"
#include "api/atflow/mix.hpp"
#include "api/atflow/reading.hpp"
#include "api/route/json_text.hpp"

#include <fmt/format.h>

namespace millrace::atflow {

namespace {

using api::Lane;
using http::Method;

// The settings of the moment go with each request: they are read anew with the keys.
template <class Function>
auto with_settings(std::shared_ptr<const Authenticator> authenticator, Function function) {
  return [authenticator = std::move(authenticator), function](const auto& call) {
    return function(call, *authenticator->settings());
  };
}

std::string mix_schema(int accepted_status) {
  constexpr std::string_view kBody = R"(
"body": {"type": "object", "mandatory": true, "required": ["ops"], "properties": {
  "ops": {"type": "array", "minItems": 1},
  "logFile": {"type": "string"},
  "seed": {"type": "integer", "minimum": 0, "maximum": 9007199254740991, "default": 0}},
"shown": {"type": "object", "required": ["ops"], "properties": {
  "ops": {"type": "array", "minItems": 1, "maxItems": 1000, "description": "the graph",
    "items": {"type": "object", "required": ["name", "type", "params"], "properties": {
      "name": {"type": "string", "minLength": 1, "maxLength": 128},
      "type": {"type": "string", "enum": ["input", "filter", "augment", "output"]},
      "preOps": {"type": "array", "items": {"type": "string"}, "description": "nodes in front; only an input has none"},
      "postOps": {"type": "array", "items": {"type": "string"}, "description": "nodes behind; only an output has none"},
      "params": {"type": "object", "description": "input: file; filter: label, values, trim, invert; augment: condition, ops, default; output: prefix, file, unique, shuffle"}}}},
  "logFile": {"type": "string", "description": "where the record log goes; default below the key's log bucket"},
  "seed": {"type": "integer", "minimum": 0, "maximum": 9007199254740991, "default": 0, "description": "decides every random choice"}}},
"example": {"ops": [
  {"name": "source", "type": "input", "preOps": [], "postOps": ["flip1"], "params": {"file": "qiniu:///z0/in/pulp.jsonlist"}},
  {"name": "flip1", "type": "augment", "preOps": ["source"], "postOps": ["result"], "params": {"condition": [{"label": "class.pulp", "values": {"normal": 3, "sexy": 4}}], "ops": "flip"}},
  {"name": "result", "type": "output", "preOps": ["flip1"], "postOps": [], "params": {"prefix": "qiniu:///z0/out/e4", "file": "qiniu:///z0/out/e4.jsonlist"}}]}})";
  constexpr std::string_view kAccepted = R"({"doc": "queued",
  "schema": {"type": "object", "required": ["id"], "properties": {"id": {"type": "string", "pattern": "^[0-9a-f]{24}$"}}},
  "example": {"id": "6639b0f0c1a2b3d4e5f60718"}})";
  return fmt::format(
      R"({{{}, "responses": {{"{}": {}, "404": {{"doc": "A source or its bucket is not there."}}}}}})",
      kBody, accepted_status, kAccepted);
}

constexpr std::string_view kId =
    R"("path": {"id": {"type": "string", "pattern": "^[0-9a-f]{24}$", "doc": "id of the job", "example": "6639b0f0c1a2b3d4e5f60718"}})";

constexpr std::string_view kJob = R"({"type": "object",
  "required": ["id", "prefix", "sourceFile", "targetFile", "logFile", "createTime", "targetFileStatistics"],
  "properties": {
    "id": {"type": "string"}, "prefix": {"type": "string"}, "sourceFile": {"type": "string"},
    "targetFile": {"type": "string"}, "logFile": {"type": "string"},
    "createTime": {"type": "string", "format": "date-time"},
    "targetFileStatistics": {"type": "object"},
    "type": {"type": "string"},
    "status": {"type": "string", "enum": ["queued", "running", "finished", "failed", "aborting", "aborted"]},
    "finishTime": {"type": "string", "description": "empty until the job has ended"},
    "seed": {"type": "integer"},
    "counts": {"type": "object", "additionalProperties": {"type": "integer"}},
    "error": {"type": "string"},
    "sourceFiles": {"type": "array", "items": {"type": "string"}}}})";

std::string list_schema() {
  constexpr std::string_view kQuery = R"("query": {
  "limit": {"type": "integer", "minimum": 1, "default": 100, "doc": "items at the most; more than 500 is taken as 500"},
  "marker": {"type": "string", "pattern": "^([0-9a-f]{24})?$", "doc": "id of the last item of the page before; empty: from the newest"}})";
  return fmt::format(
      R"({{{}, "responses": {{"200": {{"doc": "a page of jobs; marker is empty when nothing is left",
  "schema": {{"type": "object", "required": ["items", "marker"], "properties": {{
    "items": {{"type": "array", "items": {{"$ref": "Job"}}}}, "marker": {{"type": "string"}}}}}},
  "example": {{"items": [], "marker": ""}}}}}}}})",
      kQuery);
}

std::string get_schema() {
  constexpr std::string_view kExample = R"({"id": "6639b0f0c1a2b3d4e5f60718",
  "prefix": "qiniu:///z0/out/e4", "sourceFile": "qiniu:///z0/in/pulp.jsonlist", "targetFile": "qiniu:///z0/out/e4.jsonlist",
  "logFile": "qiniu:///z0/logs/6639b0f0c1a2b3d4e5f60718/6639b0f0c1a2b3d4e5f60718_log.jsonlist",
  "createTime": "2026-08-01T12:00:00.123Z", "targetFileStatistics": {"fileCount": 6,
    "class": [{"name": "pulp", "total": 5, "count": {"normal": 2, "pulp": 1, "sexy": 2}}], "detect": [],
    "facecluster": {"total": 0, "faceMax": 0, "faceMin": 0}},
  "type": "mix", "status": "finished", "finishTime": "2026-08-01T12:00:09.001Z", "seed": 0,
  "counts": {"read": 6, "written": 6}, "error": "", "sourceFiles": ["qiniu:///z0/in/pulp.jsonlist"]})";
  return fmt::format(
      R"({{{}, "responses": {{"200": {{"doc": "the job", "schema": {{"$ref": "Job"}}, "example": {}}}}}}})",
      kId, kExample);
}

std::string abort_schema() {
  return fmt::format(R"({{{}, "responses": {{"200": {{"doc": "the job ends, or was aborted"}}}}}})",
                     kId);
}

// Whether the process is alive, for who has no key.
api::Route health() {
  api::Route route{.method = Method::Get,
                   .path = "/healthz",
                   .name = "healthz",
                   .summary = "Is the server alive?",
                   .auth = api::Auth::Open};
  route.schema = R"({"responses": {"200": {"doc": "it is",
  "schema": {"type": "object", "required": ["status"], "properties": {"status": {"type": "string"}}},
  "example": {"status": "ok"}}}})";
  route.direct = [](const api::DirectCall&, const http::Reply& reply) {
    reply(http::Response::json(200, R"({"status":"ok"})"));
  };
  return route;
}

std::vector<api::Route> routes(const std::shared_ptr<const Authenticator>& authenticator) {
  const auto with = [&](auto function) { return with_settings(authenticator, function); };
  const auto settings = authenticator->settings();
  std::vector<api::Route> table{
      {Method::Post, "/v1/dataflows/mix", "mix", "Mix lists of images through a graph",
       Lane::Queued, api::Auth::Required, mix_schema(settings->accepted_status),
       with(translate_mix), with(reply_accepted)},
      {Method::Get, "/v1/dataflows", "list", "List jobs, newest first", Lane::Inline,
       api::Auth::Required, list_schema(), translate_list, with(reply_list)},
      {Method::Get, "/v1/dataflows/{id}", "get", "Get one job", Lane::Inline, api::Auth::Required,
       get_schema(), translate_one, with(reply_one)},
      {Method::Post, "/v1/dataflows/{id}/abort", "abort", "Abort a job", Lane::Inline,
       api::Auth::Required, abort_schema(), translate_abort, reply_abort},
  };
  for (api::Route& route : table) {
    if (route.method == Method::Post)
      route.body_bytes = static_cast<std::size_t>(settings->max_body_bytes.value_or(kMostMixBytes));
  }
  table.front().values_max = kMostMixValues;
  table.push_back(health());
  return table;
}

}  // namespace

api::Dialect make_dialect(std::shared_ptr<const Authenticator> authenticator) {
  api::Dialect dialect;
  dialect.name = "atflow";
  dialect.title = "ATFlow";
  dialect.version = "1";
  dialect.routes = routes(authenticator);
  dialect.requires_sign_in = authenticator->settings()->auth_enabled;
  dialect.reading = make_reading();
  dialect.challenge = "Qiniu";
  dialect.final_slash = api::FinalSlash::Refuse;
  dialect.refuse = refuse;
  dialect.decorate = [](const http::Request& request, http::Response& response) {
    response.headers.emplace_back("X-Reqid", request.id);
  };
  // A path that its document does not name is 40401, and 307 is none of its statuses.
  dialect.documents->leads_from_root = false;
  dialect.schemas = Json{{"Job", api::read_own(kJob).value_or(Json::object())}};
  dialect.security_scheme["description"] =
      "Qiniu ACCESSKEY:SIGNATURE, where the signature is made of the request and the secret key; "
      "the page at /docs makes it itself when it is given ACCESSKEY:SECRETKEY";
  dialect.refusal_schema = Json{{"type", "object"},
                                {"required", {"err", "message"}},
                                {"properties",
                                 {{"err", {{"type", "string"}, {"pattern", "^[0-9]{5}$"}}},
                                  {"message", {{"type", "string"}}}}}};
  dialect.authenticator = std::move(authenticator);
  return dialect;
}

}  // namespace millrace::atflow
