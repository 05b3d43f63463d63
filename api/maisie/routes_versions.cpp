// Beyond the document: versions of a name, lineage, and models side by side.
#include <algorithm>

#include "api/maisie/comparison.hpp"
#include "api/maisie/problems.hpp"
#include "api/maisie/resource.hpp"
#include "api/maisie/routes.hpp"

#include <fmt/format.h>

namespace millrace::maisie {

namespace {

using api::Answered;
using api::Caller;
using http::Method;
using http::Request;

constexpr std::size_t kFewest = 2;  // models side by side

api::Route versions_route(const SharedRegistry& registry) {
  api::Route route{.method = Method::Get,
                   .path = "/api/v1/models/{id:int}/versions/",
                   .name = "list_model_versions",
                   .summary = "List the versions of a model's name",
                   .schema = R"({"path": {"id": {"type": "integer", "doc": "id of the model"}},
                     "query": {"page": {"type": "string"}, "per_page": {"type": "string"}}})",
                   .checks_schema = false};
  route.translate = [](const Request& request, const Caller&) {
    auto bound = bind_page(request, [](const Request& asked, Json& where, FieldFaults&) {
      where.push_back(condition("model", "=", path_id(asked)));
    });
    if (auto* good = std::get_if<api::Bound>(&bound)) good->parameters["id"] = path_id(request);
    return bound;
  };
  route.reply = [registry](const Answered& answered) -> api::ReplyResult {
    if (rows_of(*answered.outcome, "row") == nullptr) return not_found();
    const auto views = registry->views(answered.request, answered.caller);
    const auto* stages = rows_of(*answered.outcome, "stages");
    return reply_page(answered, [&](const Batch& rows, std::int64_t row) {
      return views.version(rows, row, stages);
    });
  };
  return route;
}

api::Route lineage_route(const SharedRegistry& registry) {
  api::Route route{.method = Method::Get,
                   .path = "/api/v1/models/{id:int}/lineage/",
                   .name = "get_model_lineage",
                   .summary = "Tell by what and of what a model was made",
                   .schema = R"({"path": {"id": {"type": "integer", "doc": "id of the model"}}})",
                   .checks_schema = false};
  route.translate = [](const Request& request, const Caller&) -> api::TranslateResult {
    return api::Bound{.parameters = {{"id", path_id(request)}}};
  };
  route.reply = [registry](const Answered& answered) -> api::ReplyResult {
    const auto* rows = rows_of(*answered.outcome, "row");
    if (rows == nullptr) return not_found();
    return data_reply(registry->views(answered.request, answered.caller).lineage(*rows, 0));
  };
  return route;
}

// The ids that are compared, each once.
std::vector<std::int64_t> read_ids(const Request& request, FieldFaults& faults) {
  std::vector<std::int64_t> ids;
  for (const auto& value : listed_values(request, {"ids", "id"})) {
    const auto read = integer_of(value);
    if (const auto* problem = std::get_if<std::string>(&read)) {
      faults.add("ids", *problem);
      return {};
    }
    const auto id = std::get<std::int64_t>(read);
    if (std::find(ids.begin(), ids.end(), id) == ids.end()) ids.push_back(id);
    if (ids.size() > kMostCompared) break;
  }
  if (ids.size() < kFewest || ids.size() > kMostCompared)
    faults.add("ids", fmt::format("takes the ids of {} to {} models, such as 1,2", kFewest,
                                  kMostCompared));
  return ids;
}

api::Route compare_route() {
  api::Route route{
      .method = Method::Get,
      .path = "/api/v1/models/compare/",
      .name = "compare_models",
      .summary = "Put models side by side",
      .schema = R"({"query": {"ids": {"type": "string", "doc": "ids of 2 to 20 models"}}})",
      .checks_schema = false};
  route.translate = [](const Request& request, const Caller&) -> api::TranslateResult {
    FieldFaults faults;
    auto ids = read_ids(request, faults);
    if (!faults.empty()) return faults.refusal();
    return api::Bound{.parameters = {{"ids", std::move(ids)}}};
  };
  route.reply = [](const Answered& answered) -> api::ReplyResult {
    FieldFaults faults;
    const auto ids = read_ids(answered.request, faults);
    const auto* rows = rows_of(*answered.outcome, "rows");
    const bool are_all_there =
        rows != nullptr && rows->rows() == static_cast<std::int64_t>(ids.size());
    if (!are_all_there) return not_found();
    return data_reply(compare_models(*rows, ids));
  };
  return route;
}

}  // namespace

std::vector<api::Route> version_routes(const SharedRegistry& registry) {
  return {versions_route(registry), lineage_route(registry), compare_route()};
}

}  // namespace millrace::maisie
