#include "api/maisie/resource.hpp"
#include "api/maisie/routes.hpp"
#include "engine/base/json_members.hpp"

namespace millrace::maisie {

namespace {

Json project_filters() {
  Json declared{{"workspace",
                 {{"type", "array"},
                  {"items", {{"type", "integer"}}},
                  {"commas", true},
                  {"also", Json::array({"workspaces"})},
                  {"doc", "ids of the workspaces that projects are in"}}}};
  put_members(declared, search_filter());
  return declared;
}

Result<void, api::Refusal> filter_projects(const api::Call& call, Json& where) {
  const auto* workspaces = call.values.list("workspace");
  if (workspaces != nullptr && !workspaces->empty())
    where.push_back(condition("workspace_id", "in", *workspaces));
  return search_in("name")(call, where);
}

}  // namespace

std::vector<api::Route> project_routes(const SharedRegistry& registry) {
  Resource projects;
  projects.one = "project";
  projects.many = "projects";
  projects.shown = "Project";
  projects.listed = "Project";
  projects.in_use = "It has models.";
  projects.auth = registry->settings.require_auth ? api::Auth::Required : api::Auth::Optional;
  projects.columns = {
      name_column("Digits"),
      {.name = "workspace_id",
       .column = "workspace_id",
       .declaration = {{"type", "integer"}, {"example", 1}},
       .is_required = true},
      {"description", "description", {{"type", "string"}}},
      {"git_url", "git_url", {{"type", "string"}, {"example", "https://git.example.org/digits"}}}};
  projects.show = [](const Views& views, const Batch& rows, std::int64_t row, bool) {
    return views.project(rows, row);
  };
  projects.filters = project_filters();
  projects.filter = filter_projects;
  auto routes = make_routes(registry, projects);
  return {routes.list, routes.create, routes.get, routes.update, routes.remove};
}

}  // namespace millrace::maisie
