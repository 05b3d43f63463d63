#include "api/maisie/resource.hpp"
#include "api/maisie/routes.hpp"

namespace millrace::maisie {

std::vector<api::Route> workspace_routes(const SharedRegistry& registry) {
  Resource workspaces;
  workspaces.one = "workspace";
  workspaces.many = "workspaces";
  workspaces.auth = registry->settings.require_auth ? api::Auth::Required : api::Auth::Optional;
  workspaces.fields = {kNameRule, {.name = "description", .column = "description"}};
  workspaces.show = [](const Views& views, const Batch& rows, std::int64_t row, bool) {
    return views.workspace(rows, row);
  };
  workspaces.filter = filter_by_name;
  workspaces.complete = [](const api::Caller&, Json& set) {
    if (!set.contains("description")) set["description"] = "";
  };
  auto routes = make_routes(registry, workspaces);
  return {routes.list, routes.create, routes.get, routes.update, routes.remove};
}

}  // namespace millrace::maisie
