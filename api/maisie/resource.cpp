#include "api/maisie/resource.hpp"

#include <algorithm>
#include <charconv>
#include <deque>
#include <memory>

#include "api/maisie/problems.hpp"
#include "engine/base/json_members.hpp"

#include <fmt/format.h>

namespace millrace::maisie {

namespace {

using api::Answered;
using api::Caller;
using api::Refusal;
using http::Method;
using http::Request;

using SharedResource = std::shared_ptr<const Resource>;  // shared by the routes of one kind

// Routes name themselves with views; these live as long as the program. Made once for each mount.
std::string_view kept(std::string text) {
  static std::deque<std::string> texts;
  const auto known = std::find(texts.begin(), texts.end(), text);
  return known != texts.end() ? *known : texts.emplace_back(std::move(text));
}

// What OpenAPI shows of a route; the checks are ours, since fields stand in three places.
Json shown_fields(const Resource& resource, bool is_new) {
  using Kind = FieldRule::Kind;
  Json properties = Json::object();
  Json required = Json::array();
  for (const FieldRule& rule : resource.fields) {
    Json shown{{"type", rule.kind == Kind::Integer      ? "integer"
                        : rule.kind == Kind::Flag       ? "boolean"
                        : rule.kind == Kind::Dictionary ? "object"
                                                        : "string"}};
    if (rule.kind == Kind::Text && rule.longest > 0) shown["maxLength"] = rule.longest;
    if (rule.kind == Kind::Dictionary) shown["additionalProperties"] = true;
    if (rule.kind == Kind::Names) shown["doc"] = "names with commas between them";
    if (is_new && rule.is_required) required.push_back(rule.name);
    append_member(properties, rule.name, std::move(shown));
  }
  Json body{{"type", "object"}, {"properties", std::move(properties)}};
  if (!required.empty()) body["required"] = std::move(required);
  return body;
}

Json shown_schema(const Resource& resource, Method method, bool has_id) {
  Json schema = Json::object();
  if (has_id)
    schema["path"]["id"] = {{"type", "integer"},
                            {"doc", fmt::format("id of the {}", resource.one)}};
  if (method == Method::Post || method == Method::Put)
    schema["body"] = shown_fields(resource, method == Method::Post);
  if (method == Method::Get && !has_id) {
    schema["query"] = {{"page", {{"type", "string"}, {"doc", "number of the page, from 1"}}},
                       {"per_page", {{"type", "string"}, {"doc", "rows of a page; default 20"}}},
                       {"search", {{"type", "string"}, {"doc", "text that the name contains"}}}};
  }
  return schema;
}

std::variant<Json, Refusal> columns_of(const Resource& resource, const Request& request,
                                       bool is_new) {
  auto fields = Fields::read(request);
  if (auto* refused = std::get_if<Refusal>(&fields)) return std::move(*refused);
  return read_columns(std::get<Fields>(std::move(fields)), resource.fields, is_new);
}

api::TranslateResult translate_create(const Resource& resource, const Request& request,
                                      const Caller& caller) {
  auto columns = columns_of(resource, request, true);
  if (auto* refused = std::get_if<Refusal>(&columns)) return std::move(*refused);
  auto& set = std::get<Json>(columns);
  if (resource.complete) resource.complete(caller, set);
  return api::Bound{.parameters = {{"set", std::move(set)}}};
}

api::TranslateResult translate_update(const Resource& resource, const Request& request) {
  auto columns = columns_of(resource, request, false);
  if (auto* refused = std::get_if<Refusal>(&columns)) return std::move(*refused);
  return api::Bound{
      .parameters = {{"id", path_id(request)}, {"set", std::get<Json>(std::move(columns))}}};
}

}  // namespace

std::int64_t path_id(const Request& request, std::string_view name) {
  const auto text = request.path_value(name);
  std::int64_t id = 0;
  std::from_chars(text.data(), text.data() + text.size(), id);  // digits: the router has seen to it
  return id;
}

http::Response data_reply(Json data) {
  const Json body{{"data", std::move(data)}};
  return http::Response::json(200, body.dump() + "\n");
}

api::ReplyResult reply_row(const SharedRegistry& registry, const Resource& resource,
                           const Answered& answered, std::string_view node) {
  const auto* rows = rows_of(*answered.outcome, node);
  if (rows == nullptr) return not_found();
  return data_reply(
      resource.show(registry->views(answered.request, answered.caller), *rows, 0, false));
}

api::TranslateResult bind_page(const Request& request, const ListFilter& filter) {
  auto fields = Fields::read(request);
  if (auto* refused = std::get_if<Refusal>(&fields)) return std::move(*refused);
  FieldFaults faults;
  const Page page = read_page(std::get<Fields>(fields), faults);
  Json where = Json::array();
  if (filter) filter(request, where, faults);
  if (!faults.empty()) return faults.refusal();
  return api::Bound{.parameters = {{"where", std::move(where)},
                                   {"limit", page.limit()},
                                   {"offset", page.offset()}}};
}

http::Response reply_page(const Answered& answered, const ShowRow& show) {
  const auto fields = Fields::read(answered.request);
  FieldFaults faults;
  const Page page = read_page(std::get<Fields>(fields), faults);
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

std::vector<std::string> listed_values(const Request& request,
                                       std::initializer_list<std::string_view> names) {
  std::vector<std::string> values;
  for (const auto& [name, text] : request.query) {
    if (std::find(names.begin(), names.end(), name) == names.end()) continue;
    for (auto& value : split_names(text)) {
      if (!value.empty()) values.push_back(std::move(value));
    }
  }
  return values;
}

std::vector<std::string> split_names(std::string_view text) {
  std::vector<std::string> names(1);
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text.substr(i).starts_with("\\,")) {
      names.back() += text[++i];
    } else if (text[i] == ',') {
      names.emplace_back();
    } else {
      names.back() += text[i];
    }
  }
  return names;
}

void filter_by_text(std::string_view column, const Request& request, Json& where) {
  Json texts = Json::array();
  for (const auto& [name, text] : request.query) {
    if (name == "search" && !text.empty()) texts.push_back(text);
  }
  if (!texts.empty()) where.push_back(condition(column, "contains", std::move(texts)));
}

void filter_by_name(const Request& request, Json& where, FieldFaults&) {
  filter_by_text("name", request, where);
}

ResourceRoutes make_routes(const SharedRegistry& registry, const Resource& described) {
  const auto resource = std::make_shared<const Resource>(described);
  const auto route = [&](Method method, std::string_view action, bool has_id, std::string summary) {
    const bool is_list = action == "list";
    return api::Route{
        .method = method,
        .path = kept(fmt::format("/api/v1/{}/{}", resource->many, has_id ? "{id:int}/" : "")),
        .name = kept(fmt::format("{}_{}", action, is_list ? resource->many : resource->one)),
        .summary = kept(std::move(summary)),
        .auth = resource->auth,
        .schema = kept(shown_schema(*resource, method, has_id).dump()),
        .checks_schema = false};
  };
  const auto by_id = [](const Request& request, const Caller&) -> api::TranslateResult {
    return api::Bound{.parameters = {{"id", path_id(request)}}};
  };
  ResourceRoutes routes{
      route(Method::Get, "list", false, fmt::format("List {}", resource->many)),
      route(Method::Post, "create", false, fmt::format("Make a {}", resource->one)),
      route(Method::Get, "get", true, fmt::format("Get one {}", resource->one)),
      route(Method::Put, "update", true, fmt::format("Change a {}", resource->one)),
      route(Method::Delete, "delete", true, fmt::format("Delete a {}", resource->one))};
  routes.list.translate = [resource](const Request& request, const Caller&) {
    return bind_page(request, resource->filter);
  };
  routes.list.reply = [registry, resource](const Answered& answered) -> api::ReplyResult {
    const Views views = registry->views(answered.request, answered.caller);
    return reply_page(answered, [&](const Batch& rows, std::int64_t row) {
      return resource->show(views, rows, row, true);
    });
  };
  routes.create.translate = [resource](const Request& request, const Caller& caller) {
    return translate_create(*resource, request, caller);
  };
  routes.get.translate = by_id;
  routes.update.translate = [resource](const Request& request, const Caller&) {
    return translate_update(*resource, request);
  };
  for (auto* one : {&routes.create, &routes.get, &routes.update}) {
    one->reply = [registry, resource](const Answered& answered) {
      return reply_row(registry, *resource, answered, "row");
    };
  }
  routes.remove.translate = by_id;
  routes.remove.reply = [](const Answered& answered) -> api::ReplyResult {
    if (rows_of(*answered.outcome, "row") == nullptr) return not_found();
    return http::Response::json(200, "{\"status\":\"success\"}\n");
  };
  return routes;
}

}  // namespace millrace::maisie
