#include "api/maisie/resource.hpp"
#include "api/maisie/routes.hpp"

namespace millrace::maisie {

std::vector<api::Route> workspace_routes(const SharedRegistry& registry) {
  Resource workspaces;
  workspaces.one = "workspace";
  workspaces.many = "workspaces";
  workspaces.shown = "Workspace";
  workspaces.listed = "Workspace";
  workspaces.in_use = "It has projects.";
  workspaces.auth = registry->settings.require_auth ? api::Auth::Required : api::Auth::Optional;
  workspaces.columns = {
      name_column("Vision"),
      {"description", "description", {{"type", "string"}, {"example", "All vision work"}}}};
  workspaces.show = [](const Views& views, const Batch& rows, std::int64_t row, bool) {
    return views.workspace(rows, row);
  };
  workspaces.filters = search_filter();
  workspaces.filter = search_in("name");
  workspaces.complete = [](Json& set) {
    if (!set.contains("description")) set["description"] = "";
  };
  auto routes = make_routes(registry, workspaces);
  return {routes.list, routes.create, routes.get, routes.update, routes.remove};
}

}  // namespace millrace::maisie
