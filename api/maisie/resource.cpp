#include "api/maisie/resource.hpp"

#include <memory>
#include <utility>

#include "api/maisie/problems.hpp"
#include "api/maisie/reply_schemas.hpp"
#include "engine/base/json_members.hpp"

#include <fmt/format.h>

namespace millrace::maisie {

namespace {

using api::Answered;
using api::Call;
using http::Method;

using SharedResource = std::shared_ptr<const Resource>;  // shared by the routes of one kind

Json responses_of(const Resource& resource, Method method, bool has_id) {
  if (method == Method::Get)
    return has_id ? shows_one(resource.shown) : shows_page(resource.listed);
  const bool deletes = method == Method::Delete;
  auto responses = deletes ? shows_success() : shows_one(resource.shown);
  const auto conflict = deletes ? resource.in_use : resource.twice;
  if (!conflict.empty()) responses["409"] = {{"doc", conflict}};
  if (method != Method::Post && !resource.forbidden.empty())
    responses["403"] = {{"doc", resource.forbidden}};
  return responses;
}

Json schema_of(const Resource& resource, Method method, bool has_id) {
  Json schema{{"responses", responses_of(resource, method, has_id)}};
  if (has_id) schema["path"] = id_in_path(resource.one);
  if (method == Method::Get && !has_id) schema["query"] = list_query(resource.filters);
  if (method == Method::Post) schema["fields"] = declared_fields(resource.columns, true);
  if (method == Method::Put) {
    schema["fields"] = declared_fields(resource.columns, false);
    schema["envelope"] = "payload";
  }
  return schema;
}

api::TranslateResult translate_create(const Resource& resource, const Call& call) {
  auto set = columns_of(resource.columns, call.values);
  if (resource.complete) resource.complete(set);
  return bind_set(call, std::move(set));
}

api::TranslateResult translate_update(const Resource& resource, const Call& call) {
  auto bound = bind_set(call, columns_of(resource.columns, call.values));
  bound.parameters["id"] = call.values.integer("id");
  return bound;
}

}  // namespace

Json id_in_path(std::string_view one) {
  return {{"id", {{"type", "integer"}, {"doc", fmt::format("id of the {}", one)}, {"example", 1}}}};
}

Json list_query(const Json& filters) {
  auto query = Page::declared();
  put_members(query, filters);
  return query;
}

api::Bound bind_set(const Call& call, Json set) {
  api::Bound bound{.parameters = {{"set", std::move(set)}}};
  // The values go with the request, and so does what is bound.
  bound.refuse = [&values = call.values](Error error) {
    api::Refusal refused{.error = std::move(error)};
    const auto& field = refused.error.field;
    if (const Json* given = values.find(field)) refused.values = {{field, *given}};
    return refused;
  };
  return bound;
}

api::TranslateResult bind_id(const Call& call) {
  return api::Bound{.parameters = {{"id", call.values.integer("id")}}};
}

api::TranslateResult bind_page(const Call& call, const ListFilter& filter) {
  const auto page = Page::read(call.values);
  Json where = Json::array();
  if (filter) MR_CHECK(filter(call, where));
  return api::Bound{.parameters = {{"where", std::move(where)},
                                   {"limit", page.limit()},
                                   {"offset", page.offset()}}};
}

http::Response data_reply(Json data) {
  const Json body{{"data", std::move(data)}};
  return http::Response::json(200, body.dump() + "\n");
}

api::ReplyResult reply_row(const SharedRegistry& registry, const Resource& resource,
                           const Answered& answered, std::string_view node) {
  const auto* rows = rows_of(*answered.outcome, node);
  if (rows == nullptr) return not_found();
  return data_reply(resource.show(registry->views(answered), *rows, 0, false));
}

http::Response reply_page(const Answered& answered, const ShowRow& show) {
  const auto page = Page::read(answered.values);
  Json data = Json::array();
  if (const auto* rows = rows_of(*answered.outcome, "rows"); rows != nullptr && page.size > 0) {
    for (std::int64_t row = 0; row < rows->rows(); ++row) data.push_back(show(*rows, row));
  }
  const auto* count = rows_of(*answered.outcome, "count");
  const auto total = count == nullptr ? 0 : count->column<std::int64_t>("count").value(0);
  Json body{{"data", std::move(data)}, {"pagination", page.envelope(total)}};
  return http::Response::json(200, body.dump() + "\n");
}

Json condition(std::string_view column, std::string_view op, Json value) {
  return {{"column", column}, {"op", op}, {"value", std::move(value)}};
}

Json search_filter() {
  return {{"search",
           {{"type", "array"},
            {"items", {{"type", "string"}}},
            {"doc", "what is listed has one of these texts in its name"}}}};
}

ListFilter search_in(std::string_view column) {
  return [column](const Call& call, Json& where) -> Result<void, api::Refusal> {
    const auto* texts = call.values.list("search");
    if (texts != nullptr && !texts->empty()) where.push_back(condition(column, "contains", *texts));
    return {};
  };
}

ResourceRoutes make_routes(const SharedRegistry& registry, const Resource& described) {
  const auto resource = std::make_shared<const Resource>(described);
  const auto route = [&](Method method, std::string_view action, bool has_id, std::string summary) {
    const bool is_list = action == "list";
    return api::Route{
        .method = method,
        .path = fmt::format("/api/v1/{}/{}", resource->many, has_id ? "{id:int}/" : ""),
        .name = fmt::format("{}_{}", action, is_list ? resource->many : resource->one),
        .summary = std::move(summary),
        .auth = resource->auth,
        .schema = schema_of(*resource, method, has_id).dump()};
  };
  ResourceRoutes routes{
      route(Method::Get, "list", false, fmt::format("List {}", resource->many)),
      route(Method::Post, "create", false, fmt::format("Make a {}", resource->one)),
      route(Method::Get, "get", true, fmt::format("Get one {}", resource->one)),
      route(Method::Put, "update", true, fmt::format("Change a {}", resource->one)),
      route(Method::Delete, "delete", true, fmt::format("Delete a {}", resource->one))};
  routes.list.translate = [resource](const Call& call) {
    return bind_page(call, resource->filter);
  };
  routes.list.reply = [registry, resource](const Answered& answered) -> api::ReplyResult {
    const Views views = registry->views(answered);
    return reply_page(answered, [&](const Batch& rows, std::int64_t row) {
      return resource->show(views, rows, row, true);
    });
  };
  routes.create.translate = [resource](const Call& call) {
    return translate_create(*resource, call);
  };
  routes.get.translate = bind_id;
  routes.update.translate = [resource](const Call& call) {
    return translate_update(*resource, call);
  };
  for (auto* one : {&routes.create, &routes.get, &routes.update}) {
    one->reply = [registry, resource](const Answered& answered) {
      return reply_row(registry, *resource, answered, "row");
    };
  }
  routes.remove.translate = bind_id;
  routes.remove.reply = [](const Answered& answered) -> api::ReplyResult {
    if (rows_of(*answered.outcome, "row") == nullptr) return not_found();
    return http::Response::json(200, "{\"status\":\"success\"}\n");
  };
  return routes;
}

}  // namespace millrace::maisie
