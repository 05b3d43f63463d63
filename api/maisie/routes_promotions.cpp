// Beyond the document: stages that users name, and the events that put models in force there.
#include <array>

#include "api/maisie/field_rules.hpp"
#include "api/maisie/problems.hpp"
#include "api/maisie/resource.hpp"
#include "api/maisie/routes.hpp"
#include "engine/base/json_members.hpp"
#include "engine/base/utf8.hpp"

namespace millrace::maisie {

namespace {

using api::Answered;
using api::Caller;
using http::Method;
using http::Request;

constexpr FieldRule kStage{.name = "stage", .column = "stage", .longest = 64, .is_required = true};
constexpr FieldRule kComment{.name = "comment", .column = "comment", .longest = 2'000};
constexpr FieldRule kName{
    .name = "name", .column = "model_name", .longest = 255, .is_required = true};

constexpr std::string_view kProjectList =
    R"({"path": {"id": {"type": "integer", "doc": "id of the project"}},
      "query": {"name": {"type": "string", "doc": "name of the models"},
                "stage": {"type": "string", "doc": "name of the stage"},
                "page": {"type": "string"}, "per_page": {"type": "string"}}})";
constexpr std::string_view kModelList =
    R"({"path": {"id": {"type": "integer", "doc": "id of the model"}},
      "query": {"stage": {"type": "string", "doc": "name of the stage"}, "page": {"type": "string"}, "per_page": {"type": "string"}}})";
constexpr std::string_view kPromotion =
    R"({"path": {"id": {"type": "integer", "doc": "id of the model"}},
      "body": {"type": "object", "required": ["stage"], "properties":
        {"stage": {"type": "string", "maxLength": 64}, "comment": {"type": "string"}}}})";
constexpr std::string_view kStageChange =
    R"({"path": {"id": {"type": "integer", "doc": "id of the project"}},
      "body": {"type": "object", "required": ["name", "stage"], "properties":
        {"name": {"type": "string", "doc": "name of the models"},
         "stage": {"type": "string", "maxLength": 64}, "comment": {"type": "string"}}}})";

using Show = Json (Views::*)(const Batch&, std::int64_t) const;

api::Route make_route(Method method, std::string_view path, std::string_view name,
                      std::string_view summary, std::string_view schema) {
  return {.method = method,
          .path = path,
          .name = name,
          .summary = summary,
          .schema = schema,
          .checks_schema = false};
}

// A list of what belongs to the row that the node "row" emits.
void make_list(api::Route& route, const SharedRegistry& registry, std::string_view column,
               Show show) {
  route.translate = [column](const Request& request, const Caller&) {
    auto bound = bind_page(request, [column](const Request& asked, Json& where,
                                             FieldFaults& faults) {
      where.push_back(condition(column, "=", path_id(asked)));
      for (const auto& [parameter, of] : {std::pair{"name", "model_name"}, {"stage", "stage"}}) {
        const auto value = asked.query_value(parameter);
        if (!value) continue;
        if (!is_utf8(*value)) faults.add(parameter, "is not UTF-8");
        where.push_back(condition(of, "=", std::string{*value}));
      }
    });
    if (auto* good = std::get_if<api::Bound>(&bound)) good->parameters["id"] = path_id(request);
    return bound;
  };
  route.reply = [registry, show](const Answered& answered) -> api::ReplyResult {
    if (rows_of(*answered.outcome, "row") == nullptr) return not_found();
    const auto views = registry->views(answered.request, answered.caller);
    return reply_page(
        answered, [&](const Batch& rows, std::int64_t row) { return (views.*show)(rows, row); });
  };
}

// An event: `column` gets the id of the path.
void make_change(api::Route& route, const SharedRegistry& registry, std::string_view action,
                 std::string_view column, std::vector<FieldRule> rules) {
  route.translate = [action, column, rules = std::move(rules)](
                        const Request& request, const Caller& caller) -> api::TranslateResult {
    auto fields = Fields::read(request);
    if (auto* refused = std::get_if<api::Refusal>(&fields)) return std::move(*refused);
    auto columns = read_columns(std::get<Fields>(std::move(fields)), rules, true);
    if (auto* refused = std::get_if<api::Refusal>(&columns)) return std::move(*refused);
    auto& set = std::get<Json>(columns);
    append_member(set, column, path_id(request));
    set["action"] = action;
    set["user_id"] = user_of(caller);
    return api::Bound{.parameters = {{"set", std::move(set)}}};
  };
  route.reply = [registry](const Answered& answered) -> api::ReplyResult {
    const auto* rows = rows_of(*answered.outcome, "row");
    if (rows == nullptr) return not_found();
    return data_reply(registry->views(answered.request, answered.caller).promotion(*rows, 0));
  };
}

}  // namespace

std::vector<api::Route> promotion_routes(const SharedRegistry& registry) {
  auto of_model = make_route(Method::Get, "/api/v1/models/{id:int}/promotions/",
                             "list_model_promotions", "List the promotions of a model", kModelList);
  make_list(of_model, registry, "model_id", &Views::promotion);
  auto promote = make_route(Method::Post, "/api/v1/models/{id:int}/promotions/", "promote_model",
                            "Put a model in force in a stage", kPromotion);
  make_change(promote, registry, "promote", "model_id", {kStage, kComment});
  auto stages = make_route(Method::Get, "/api/v1/projects/{id:int}/stages/", "list_stages",
                           "List the stages of a project", kProjectList);
  make_list(stages, registry, "project_id", &Views::stage);
  auto history =
      make_route(Method::Get, "/api/v1/projects/{id:int}/promotions/", "list_project_promotions",
                 "List the promotions of a project, the newest first", kProjectList);
  make_list(history, registry, "project_id", &Views::promotion);
  auto roll_back =
      make_route(Method::Post, "/api/v1/projects/{id:int}/stages/roll_back/", "roll_back_stage",
                 "Put the model before in force again", kStageChange);
  make_change(roll_back, registry, "roll_back", "project_id", {kName, kStage, kComment});
  auto retire = make_route(Method::Post, "/api/v1/projects/{id:int}/stages/retire/", "retire_stage",
                           "Leave a stage without a model", kStageChange);
  make_change(retire, registry, "retire", "project_id", {kName, kStage, kComment});
  return {of_model, promote, stages, history, roll_back, retire};
}

}  // namespace millrace::maisie
