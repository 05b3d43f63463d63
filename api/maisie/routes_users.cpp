#include "api/maisie/resource.hpp"
#include "api/maisie/routes.hpp"
#include "api/route/refusals.hpp"

namespace millrace::maisie {

namespace {

// A change of a user goes through a gate in its pipeline: a row of the user who asks, whom these
// conditions let pass. It is open for themselves, and for an administrator.
Json gate(const http::Request& request, const api::Caller& caller) {
  Json where = Json::array({condition("id", "=", user_of(caller))});
  if (path_id(request) != user_of(caller)) where.push_back(condition("is_admin", "=", true));
  return where;
}

// Adds the gate to a route, and says what it means when nothing came through.
void guard(api::Route& route) {
  route.translate = [inner = std::move(route.translate)](
                        const http::Request& request,
                        const api::Caller& caller) -> api::TranslateResult {
    auto bound = inner(request, caller);
    if (auto* good = std::get_if<api::Bound>(&bound)) good->parameters["gate"] = gate(request, caller);
    return bound;
  };
  route.reply = [inner = std::move(route.reply)](const api::Answered& answered) -> api::ReplyResult {
    if (rows_of(*answered.outcome, "row") == nullptr) {
      return api::refusal(Code::PermissionDenied, "",
                          "only the user itself or an administrator may do this");
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
      {.name = "email", .column = "email", .longest = 128}};
  users.show = [](const Views& views, const Batch& rows, std::int64_t row, bool) {
    return views.user(rows, row);
  };
  users.filter = [](const http::Request& request, Json& where, FieldFaults&) {
    filter_by_text("login", request, where);
  };
  auto routes = make_routes(registry, users);
  guard(routes.update);
  routes.remove.reply = [registry, inner = std::move(routes.remove.reply)](
                            const api::Answered& answered) -> api::ReplyResult {
    registry->users.forget(path_id(answered.request));
    return inner(answered);
  };
  guard(routes.remove);
  return {routes.list, routes.create, routes.get, routes.update, routes.remove};
}

}  // namespace millrace::maisie
