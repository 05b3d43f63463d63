#include "api/atflow/dialect.hpp"

#include <utility>

#include "api/atflow/errors.hpp"
#include "api/atflow/jobs.hpp"
#include "api/atflow/mix.hpp"

namespace millrace::atflow {

namespace {

using api::Lane;
using http::Method;

constexpr std::string_view kId =
    R"({"path": {"id": {"type": "string", "doc": "id of the job, 24 hexadecimal digits"}}})";

constexpr std::string_view kList = R"({"query": {
  "limit": {"type": "string", "doc": "items at the most; default 100, more than 500 is taken as 500"},
  "marker": {"type": "string", "doc": "id of the last item of the page before"}}})";

constexpr std::string_view kMix =
    R"({"body": {"type": "object", "required": ["ops"], "properties": {
  "ops": {"type": "array", "doc": "the graph", "items": {"type": "object",
    "required": ["name", "type", "params"], "properties": {
      "name": {"type": "string", "maxLength": 128},
      "type": {"type": "string", "enum": ["input", "filter", "augment", "output"]},
      "preOps": {"type": "array", "items": {"type": "string"}},
      "postOps": {"type": "array", "items": {"type": "string"}},
      "params": {"type": "object"}}}},
  "logFile": {"type": "string", "doc": "where the record log goes; default below the key's log bucket"},
  "seed": {"type": "integer", "minimum": 0, "maximum": 9007199254740991, "doc": "decides every random choice"}}}})";

// Whether the process is alive, for who has no key.
api::Route health() {
  api::Route route{.method = Method::Get,
                   .path = "/healthz",
                   .name = "healthz",
                   .summary = "Is the server alive?",
                   .auth = api::Auth::Open};
  route.direct = [](const std::shared_ptr<http::Request>&, const api::Caller&,
                    const http::Reply& reply) {
    reply(http::Response::json(200, R"({"status":"ok"})"));
  };
  return route;
}

// The dialect checks fields in an order of its own, so the schemas only describe.
std::vector<api::Route> routes(const Settings& settings) {
  std::vector<api::Route> table{
      {Method::Post, "/v1/dataflows/mix", "mix", "Mix lists of images through a graph",
       Lane::Queued, api::Auth::Required, kMix, translate_mix, reply_accepted},
      {Method::Get, "/v1/dataflows", "list", "List jobs, newest first", Lane::Inline,
       api::Auth::Required, kList, translate_list, reply_list},
      {Method::Get, "/v1/dataflows/{id}", "get", "Get one job", Lane::Inline, api::Auth::Required,
       kId, translate_one, reply_one},
      {Method::Post, "/v1/dataflows/{id}/abort", "abort", "Abort a job", Lane::Inline,
       api::Auth::Required, kId, translate_one, reply_abort},
  };
  for (api::Route& route : table) {
    route.checks_schema = false;
    if (route.method == Method::Post)
      route.body_bytes = static_cast<std::size_t>(settings.max_body_bytes.value_or(kMostMixBytes));
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
  dialect.routes = routes(*authenticator->settings());
  dialect.requires_sign_in = authenticator->settings()->auth_enabled;
  dialect.challenge = "Qiniu";
  dialect.refuse = refuse;
  dialect.decorate = [](const http::Request& request, http::Response& response) {
    response.headers.emplace_back("X-Reqid", request.id);
  };
  dialect.authenticator = std::move(authenticator);
  return dialect;
}

}  // namespace millrace::atflow
