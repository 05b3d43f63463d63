#include "api/maisie/reply_schemas.hpp"
#include "api/maisie/resource.hpp"
#include "api/maisie/routes.hpp"
#include "api/route/refusals.hpp"
#include "engine/base/ascii.hpp"
#include "engine/catalog/catalog.hpp"
#include "engine/catalog/query_limits.hpp"
#include "engine/job/content_collector.hpp"
#include "engine/store/blobs.hpp"

namespace millrace::maisie {

namespace {

using api::Answered;
using api::Call;

// A change of a user goes through a gate in its pipeline: a row of the user who asks, whom these
// conditions let pass. It is open for themselves, and for an administrator, who alone says who may
// sign in.
Json gate(const Call& call) {
  Json where = Json::array({condition("id", "=", user_of(call.caller))});
  const bool is_for_admin = call.values.has("disabled");
  if (is_for_admin || call.values.integer("id") != user_of(call.caller))
    where.push_back(condition("is_admin", "=", true));
  return where;
}

// Adds the gate to a route, and says what it means when nothing came through. Whoever had a token
// of the user hears of the change with the next request.
void guard(const SharedRegistry& registry, api::Route& route) {
  route.translate = [inner = std::move(route.translate)](const Call& call) -> api::TranslateResult {
    MR_TRY(auto bound, inner(call));
    bound.parameters["gate"] = gate(call);
    return bound;
  };
  route.reply = [registry,
                 inner = std::move(route.reply)](const Answered& answered) -> api::ReplyResult {
    if (rows_of(*answered.outcome, "row") == nullptr) {
      return api::refusal(Code::PermissionDenied, "",
                          "only the user itself or an administrator may do this");
    }
    registry->users.forget(answered.values.integer("id"));
    return inner(answered);
  };
}

// The flag `end_sessions` in the place of what the column takes.
void read_end_of_sessions(Json& set) {
  const auto asked = set.find("tokens_since");
  if (asked == set.end()) return;
  if (*asked == true) {
    *asked = "now";
  } else {
    set.erase(asked);
  }
}

Json removal_schema(const Resource& users) {
  auto responses = shows_success();
  responses["403"] = {{"doc", users.forbidden}};
  responses["409"] = {{"doc", "Models stand against it."}};
  // No other text stands for true, as elsewhere: what is gone does not come back.
  const Json with_models{{"type", "string"},
                         {"enum", {"true", "True", "1", "false", "False", "0"}},
                         {"default", "false"},
                         {"doc", "the models of the user go too; otherwise they stand against it"}};
  return {{"path", id_in_path("user")},
          {"query", {{"with_models", with_models}}},
          {"responses", std::move(responses)}};
}

// Contents that models of a user refer to.
Result<std::vector<std::string>> contents_of(Catalog& catalog, std::int64_t user) {
  MR_TRY(const Batch models,
         catalog.query({{"entity", "models"},
                        {"columns", Json::array({"file_sha256"})},
                        {"where", Json::array({condition("user_id", "=", user)})},
                        {"limit", kMostRows}}));
  const auto names = models.column<std::string_view>("file_sha256");
  std::vector<std::string> contents;
  for (std::int64_t row = 0; row < models.rows(); ++row)
    if (names[row] && !names[row]->empty()) contents.emplace_back(*names[row]);
  return contents;
}

// With `with_models` the user's models go too, whoever sees them: the gate tells who may.
void take_models_along(const SharedRegistry& registry, api::Route& route) {
  route.translate = [registry, inner = std::move(route.translate),
                     reply = route.reply](const Call& call) -> api::TranslateResult {
    MR_TRY(auto bound, inner(call));
    const auto asked = call.values.text("with_models");
    if (asked != "1" && !equal_without_case(asked, "true")) return bound;
    MR_TRY(auto contents, contents_of(registry->catalog, call.values.integer("id")));
    bound.parameters["cascade"] = true;
    bound.sees_all = true;
    bound.reply = [registry, reply, contents = std::move(contents)](const Answered& answered) {
      auto made = reply(answered);
      if (!made.ok()) return made;
      for (const auto& sha256 : contents)
        remove_content(registry->blobs, registry->catalog, sha256);
      return made;
    };
    return bound;
  };
}

}  // namespace

std::vector<api::Route> user_routes(const SharedRegistry& registry) {
  Resource users;
  users.one = "user";
  users.many = "users";
  users.shown = "User";
  users.listed = "User";
  users.forbidden = "Only the user itself or an administrator may do this.";
  users.twice = "Another user has the login or the email.";
  users.columns = {
      {.name = "login",
       .column = "login",
       .declaration = {{"type", "string"}, {"maxLength", 20}, {"example", "zofia"}},
       .is_required = true},
      {.name = "password",
       .column = "password",
       .declaration = {{"type", "string"}, {"maxLength", 1024}, {"example", "correct horse"}},
       .is_required = true},
      {.name = "full_name",
       .column = "full_name",
       .declaration = {{"type", "string"},
                       {"maxLength", 40},
                       {"also", Json::array({"name"})},
                       {"example", "Zofia K"}}},
      {"email", "email", {{"type", "string"}, {"maxLength", 128}}},
      {.name = "disabled",
       .column = "is_disabled",
       .declaration = {{"type", "boolean"}, {"doc", "the user may not sign in"}}},
      {.name = "end_sessions",
       .column = "tokens_since",
       .declaration = {{"type", "boolean"},
                       {"doc", "what was signed in before has to sign in again"}}}};
  users.complete = [](Json& set) { set.erase("tokens_since"); };
  users.show = [](const Views& views, const Batch& rows, std::int64_t row, bool) {
    return views.user(rows, row);
  };
  users.filters = search_filter();
  users.filter = search_in("login");
  auto routes = make_routes(registry, users);
  routes.update.translate =
      [inner = std::move(routes.update.translate)](const Call& call) -> api::TranslateResult {
    MR_TRY(auto bound, inner(call));
    read_end_of_sessions(bound.parameters["set"]);
    return bound;
  };
  routes.remove.schema = removal_schema(users).dump();
  for (auto* route : {&routes.update, &routes.remove}) guard(registry, *route);
  take_models_along(registry, routes.remove);
  for (auto* route : {&routes.create, &routes.update}) route->hashes_password = true;
  return {routes.list, routes.create, routes.get, routes.update, routes.remove};
}

}  // namespace millrace::maisie
