#include "api/maisie/resource.hpp"
#include "api/maisie/routes.hpp"
#include "api/route/refusals.hpp"
#include "engine/catalog/catalog.hpp"
#include "engine/catalog/query_limits.hpp"
#include "engine/job/content_collector.hpp"
#include "engine/store/blobs.hpp"

namespace millrace::maisie {

namespace {

// A change of a user goes through a gate in its pipeline: a row of the user who asks, whom these
// conditions let pass. It is open for themselves, and for an administrator, who alone says who may
// sign in.
Json gate(const http::Request& request, const api::Caller& caller, const Json& parameters) {
  Json where = Json::array({condition("id", "=", user_of(caller))});
  const bool is_for_admin = parameters.value("set", Json::object()).contains("is_disabled");
  if (is_for_admin || path_id(request) != user_of(caller))
    where.push_back(condition("is_admin", "=", true));
  return where;
}

// Adds the gate to a route, and says what it means when nothing came through.
void guard(api::Route& route) {
  route.translate = [inner = std::move(route.translate)](
                        const http::Request& request,
                        const api::Caller& caller) -> api::TranslateResult {
    auto bound = inner(request, caller);
    if (auto* good = std::get_if<api::Bound>(&bound))
      good->parameters["gate"] = gate(request, caller, good->parameters);
    return bound;
  };
  route.reply = [inner =
                     std::move(route.reply)](const api::Answered& answered) -> api::ReplyResult {
    if (rows_of(*answered.outcome, "row") == nullptr) {
      return api::refusal(Code::PermissionDenied, "",
                          "only the user itself or an administrator may do this");
    }
    return inner(answered);
  };
}

// Whoever had a token of the user hears of the change with the next request.
void forget_when_done(const SharedRegistry& registry, api::Route& route) {
  route.reply = [registry, inner = std::move(route.reply)](
                    const api::Answered& answered) -> api::ReplyResult {
    registry->users.forget(path_id(answered.request));
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

constexpr std::string_view kRemoval = R"({
  "path": {"id": {"type": "integer", "doc": "id of the user"}},
  "query": {"with_models": {"type": "boolean", "default": false,
    "doc": "the models of the user go too; otherwise they stand against it"}}})";

// Contents that models of a user refer to.
using Contents = std::vector<std::string>;

Result<Contents> contents_of(Catalog& catalog, std::int64_t user) {
  MR_TRY(const Batch models,
         catalog.query({{"entity", "models"},
                        {"columns", Json::array({"file_sha256"})},
                        {"where", Json::array({condition("user_id", "=", user)})},
                        {"limit", kMostRows}}));
  const auto names = models.column<std::string_view>("file_sha256");
  Contents contents;
  for (std::int64_t row = 0; row < models.rows(); ++row)
    if (names[row] && !names[row]->empty()) contents.emplace_back(*names[row]);
  return contents;
}

// With `with_models` the user's models go too, whoever sees them: the gate tells who may.
void take_models_along(const SharedRegistry& registry, api::Route& route) {
  route.translate = [registry, inner = std::move(route.translate)](
                        const http::Request& request,
                        const api::Caller& caller) -> api::TranslateResult {
    auto bound = inner(request, caller);
    auto* good = std::get_if<api::Bound>(&bound);
    const auto asked = request.query_value("with_models");
    if (good == nullptr || !asked || !flag_of(Json(*asked))) return bound;
    auto contents = contents_of(registry->catalog, path_id(request));
    if (!contents.ok()) return api::Refusal{.error = contents.error()};
    good->parameters["cascade"] = true;
    good->sees_all = true;
    good->held = std::make_shared<Contents>(*std::move(contents));
    return bound;
  };
  route.reply = [registry, inner = std::move(route.reply)](
                    const api::Answered& answered) -> api::ReplyResult {
    const auto* contents = static_cast<const Contents*>(answered.held);
    if (contents != nullptr && rows_of(*answered.outcome, "row") != nullptr) {
      for (const auto& sha256 : *contents)
        remove_content(registry->blobs, registry->catalog, sha256);
    }
    return inner(answered);
  };
}

}  // namespace

std::vector<api::Route> user_routes(const SharedRegistry& registry) {
  Resource users;
  users.one = "user";
  users.many = "users";
  users.fields = {
      {.name = "login", .column = "login", .longest = 20, .is_required = true},
      {.name = "password", .column = "password", .longest = 1024, .is_required = true},
      {.name = "full_name", .column = "full_name", .longest = 40, .also = "name"},
      {.name = "email", .column = "email", .longest = 128},
      {.name = "disabled", .column = "is_disabled", .kind = FieldRule::Kind::Flag},
      {.name = "end_sessions", .column = "tokens_since", .kind = FieldRule::Kind::Flag}};
  users.complete = [](const api::Caller&, Json& set) { set.erase("tokens_since"); };
  users.show = [](const Views& views, const Batch& rows, std::int64_t row, bool) {
    return views.user(rows, row);
  };
  users.filter = [](const http::Request& request, Json& where, FieldFaults&) {
    filter_by_text("login", request, where);
  };
  auto routes = make_routes(registry, users);
  routes.update.translate = [inner = std::move(routes.update.translate)](
                                const http::Request& request,
                                const api::Caller& caller) -> api::TranslateResult {
    auto bound = inner(request, caller);
    if (auto* good = std::get_if<api::Bound>(&bound)) read_end_of_sessions(good->parameters["set"]);
    return bound;
  };
  routes.remove.schema = kRemoval;
  take_models_along(registry, routes.remove);
  for (auto* route : {&routes.update, &routes.remove}) {
    forget_when_done(registry, *route);
    guard(*route);
  }
  for (auto* route : {&routes.create, &routes.update}) route->hashes_password = true;
  return {routes.list, routes.create, routes.get, routes.update, routes.remove};
}

}  // namespace millrace::maisie
