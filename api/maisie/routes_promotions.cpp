// Beyond the document: stages that users name, and the events that put models in force there.
#include <array>

#include "api/maisie/problems.hpp"
#include "api/maisie/reply_schemas.hpp"
#include "api/maisie/resource.hpp"
#include "api/maisie/routes.hpp"
#include "engine/base/json_members.hpp"

namespace millrace::maisie {

namespace {

using api::Answered;
using api::Call;
using http::Method;

FieldColumn stage_column() {
  return {.name = "stage",
          .column = "stage",
          .declaration = {{"type", "string"},
                          {"maxLength", 64},
                          {"example", "production"},
                          {"doc", "name of the stage"}},
          .is_required = true};
}

FieldColumn comment_column() {
  return {"comment",
          "comment",
          {{"type", "string"}, {"maxLength", 2'000}, {"example", "passed the week"}}};
}

FieldColumn model_name_column() {
  return {.name = "name",
          .column = "model_name",
          .declaration = {{"type", "string"},
                          {"maxLength", 255},
                          {"example", "lenet"},
                          {"doc", "name of the models"}},
          .is_required = true};
}

Json event_filters() {
  return {{"name", {{"type", "string"}, {"doc", "name of the models"}}},
          {"stage", {{"type", "string"}, {"doc", "name of the stage"}}}};
}

using Show = Json (Views::*)(const Batch&, std::int64_t) const;

// A list of what belongs to the row that the node "row" emits: `column` is the id of the path.
api::Route make_list(const SharedRegistry& registry, api::Route route, std::string_view one,
                     std::string_view column, Show show, std::string_view shown) {
  route.schema = Json{{"path", id_in_path(one)},
                      {"query", list_query(event_filters())},
                      {"responses", shows_page(shown)}}
                     .dump();
  route.translate = [column](const Call& call) -> api::TranslateResult {
    const auto id = call.values.integer("id");
    MR_TRY(auto bound, bind_page(call, [&](const Call&, Json& where) -> Result<void, api::Refusal> {
             where.push_back(condition(column, "=", id));
             for (const auto& [parameter, of] :
                  {std::pair{"name", "model_name"}, {"stage", "stage"}}) {
               if (const Json* value = call.values.find(parameter))
                 where.push_back(condition(of, "=", *value));
             }
             return {};
           }));
    bound.parameters["id"] = id;
    return bound;
  };
  route.reply = [registry, show](const Answered& answered) -> api::ReplyResult {
    if (rows_of(*answered.outcome, "row") == nullptr) return not_found();
    const auto views = registry->views(answered);
    return reply_page(
        answered, [&](const Batch& rows, std::int64_t row) { return (views.*show)(rows, row); });
  };
  return route;
}

// An event: `column` gets the id of the path.
api::Route make_change(const SharedRegistry& registry, api::Route route, std::string_view one,
                       std::string_view action, std::string_view column,
                       std::vector<FieldColumn> columns) {
  auto responses = shows_one("Promotion");
  responses["409"] = {{"doc", "The stage does not allow it as it is."}};
  route.schema = Json{{"path", id_in_path(one)},
                      {"fields", declared_fields(columns, true)},
                      {"responses", std::move(responses)}}
                     .dump();
  route.translate = [action, column,
                     columns = std::move(columns)](const Call& call) -> api::TranslateResult {
    auto set = columns_of(columns, call.values);
    append_member(set, column, call.values.integer("id"));
    set["action"] = action;
    set["user_id"] = user_of(call.caller);
    return api::Bound{.parameters = {{"set", std::move(set)}}};
  };
  route.reply = [registry](const Answered& answered) -> api::ReplyResult {
    const auto* rows = rows_of(*answered.outcome, "row");
    if (rows == nullptr) return not_found();
    return data_reply(registry->views(answered).promotion(*rows, 0));
  };
  return route;
}

}  // namespace

std::vector<api::Route> promotion_routes(const SharedRegistry& registry) {
  const std::vector of_stage{model_name_column(), stage_column(), comment_column()};
  return {make_list(registry,
                    {.method = Method::Get,
                     .path = "/api/v1/models/{id:int}/promotions/",
                     .name = "list_model_promotions",
                     .summary = "List the promotions of a model"},
                    "model", "model_id", &Views::promotion, "Promotion"),
          make_change(registry,
                      {.method = Method::Post,
                       .path = "/api/v1/models/{id:int}/promotions/",
                       .name = "promote_model",
                       .summary = "Put a model in force in a stage"},
                      "model", "promote", "model_id", {stage_column(), comment_column()}),
          make_list(registry,
                    {.method = Method::Get,
                     .path = "/api/v1/projects/{id:int}/stages/",
                     .name = "list_stages",
                     .summary = "List the stages of a project"},
                    "project", "project_id", &Views::stage, "Stage"),
          make_list(registry,
                    {.method = Method::Get,
                     .path = "/api/v1/projects/{id:int}/promotions/",
                     .name = "list_project_promotions",
                     .summary = "List the promotions of a project, the newest first"},
                    "project", "project_id", &Views::promotion, "Promotion"),
          make_change(registry,
                      {.method = Method::Post,
                       .path = "/api/v1/projects/{id:int}/stages/roll_back/",
                       .name = "roll_back_stage",
                       .summary = "Put the model before in force again"},
                      "project", "roll_back", "project_id", of_stage),
          make_change(registry,
                      {.method = Method::Post,
                       .path = "/api/v1/projects/{id:int}/stages/retire/",
                       .name = "retire_stage",
                       .summary = "Leave a stage without a model"},
                      "project", "retire", "project_id", of_stage)};
}

}  // namespace millrace::maisie
