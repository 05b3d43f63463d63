#include "api/maisie/resource.hpp"
#include "api/maisie/routes.hpp"

namespace millrace::maisie {

namespace {

void filter_projects(const http::Request& request, Json& where, FieldFaults& faults) {
  filter_by_name(request, where, faults);
  Json ids = Json::array();
  for (const auto& value : listed_values(request, {"workspace", "workspaces"})) {
    const auto read = integer_of(value);
    if (const auto* id = std::get_if<std::int64_t>(&read)) {
      ids.push_back(*id);
    } else {
      faults.add("workspace", std::get<std::string>(read));
    }
  }
  if (!ids.empty()) where.push_back(condition("workspace_id", "in", std::move(ids)));
}

}  // namespace

std::vector<api::Route> project_routes(const SharedRegistry& registry) {
  Resource projects;
  projects.one = "project";
  projects.many = "projects";
  projects.auth = registry->settings.require_auth ? api::Auth::Required : api::Auth::Optional;
  projects.fields = {kNameRule,
                     {.name = "workspace_id",
                      .column = "workspace_id",
                      .kind = FieldRule::Kind::Integer,
                      .is_required = true},
                     {.name = "description", .column = "description"},
                     {.name = "git_url", .column = "git_url"}};
  projects.show = [](const Views& views, const Batch& rows, std::int64_t row, bool) {
    return views.project(rows, row);
  };
  projects.filter = filter_projects;
  auto routes = make_routes(registry, projects);
  return {routes.list, routes.create, routes.get, routes.update, routes.remove};
}

}  // namespace millrace::maisie
