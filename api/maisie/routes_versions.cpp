// Beyond the document: versions of a name, lineage, and models side by side.
#include "api/maisie/comparison.hpp"
#include "api/maisie/problems.hpp"
#include "api/maisie/reply_schemas.hpp"
#include "api/maisie/resource.hpp"
#include "api/maisie/routes.hpp"

#include <fmt/format.h>

namespace millrace::maisie {

namespace {

using api::Answered;
using api::Call;
using http::Method;

constexpr std::size_t kFewestCompared = 2;

api::Route versions_route(const SharedRegistry& registry) {
  const Json schema{{"path", id_in_path("model")},
                    {"query", list_query(Json::object())},
                    {"responses", shows_page("Version")}};
  api::Route route{.method = Method::Get,
                   .path = "/api/v1/models/{id:int}/versions/",
                   .name = "list_model_versions",
                   .summary = "List the versions of a model's name",
                   .schema = schema.dump()};
  route.translate = [](const Call& call) -> api::TranslateResult {
    const auto id = call.values.integer("id");
    MR_TRY(auto bound,
           bind_page(call, [id](const Call&, Json& where) -> Result<void, api::Refusal> {
             where.push_back(condition("model", "=", id));
             return {};
           }));
    bound.parameters["id"] = id;
    return bound;
  };
  route.reply = [registry](const Answered& answered) -> api::ReplyResult {
    if (rows_of(*answered.outcome, "row") == nullptr) return not_found();
    const auto views = registry->views(answered);
    const auto* stages = rows_of(*answered.outcome, "stages");
    return reply_page(answered, [&](const Batch& rows, std::int64_t row) {
      return views.version(rows, row, stages);
    });
  };
  return route;
}

api::Route lineage_route(const SharedRegistry& registry) {
  api::Route route{
      .method = Method::Get,
      .path = "/api/v1/models/{id:int}/lineage/",
      .name = "get_model_lineage",
      .summary = "Tell by what and of what a model was made",
      .schema = Json{{"path", id_in_path("model")}, {"responses", shows_one("Lineage")}}.dump(),
      .translate = bind_id};
  route.reply = [registry](const Answered& answered) -> api::ReplyResult {
    const auto* rows = rows_of(*answered.outcome, "row");
    if (rows == nullptr) return not_found();
    return data_reply(registry->views(answered).lineage(*rows, 0));
  };
  return route;
}

api::Route compare_route() {
  const auto wanted =
      fmt::format("takes the ids of {} to {} models, such as 1,2", kFewestCompared, kMostCompared);
  const Json declaration{{"type", "array"},
                         {"items", {{"type", "integer"}}},
                         {"minItems", kFewestCompared},
                         {"maxItems", kMostCompared},
                         {"mandatory", true},
                         {"missing", wanted},
                         {"commas", true},
                         {"also", Json::array({"id"})},
                         {"example", {1, 2}},
                         {"doc", "the models, each once"}};
  auto responses = shows_one("Comparison");
  responses["404"] = {{"doc", "There is no such model."}};
  const Json schema{{"query", {{"ids", declaration}}}, {"responses", std::move(responses)}};
  api::Route route{.method = Method::Get,
                   .path = "/api/v1/models/compare/",
                   .name = "compare_models",
                   .summary = "Put models side by side",
                   .schema = schema.dump()};
  route.translate = [](const Call& call) -> api::TranslateResult {
    return api::Bound{.parameters = {{"ids", *call.values.list("ids")}}};
  };
  route.reply = [](const Answered& answered) -> api::ReplyResult {
    std::vector<std::int64_t> ids;
    for (const Json& id : *answered.values.list("ids")) ids.push_back(id.get<std::int64_t>());
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
