#include "engine/catalog/part.hpp"

namespace millrace {

// Workspaces hold projects. What a project says of its models is kept in project_facets, which
// model_facets.cpp fills.
CatalogPart part_projects() {
  CatalogPart part;
  part.name = "projects";
  part.after = {"users"};
  const auto table = MigrationStep::statement;
  const auto index = MigrationStep::index;
  part.migrations = {{
      1,
      "workspaces, projects, facets",
      {
          table(R"(CREATE TABLE IF NOT EXISTS workspaces (
            id {id},
            name {key 255} NOT NULL,
            name_folded {text} NOT NULL,
            description {text},
            created_us {integer} NOT NULL,
            updated_us {integer} NOT NULL
          ) {options})"),
          table(R"(CREATE TABLE IF NOT EXISTS users_workspaces (
            user_id {integer} NOT NULL,
            workspace_id {integer} NOT NULL,
            PRIMARY KEY (user_id, workspace_id),
            FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE,
            FOREIGN KEY (workspace_id) REFERENCES workspaces (id) ON DELETE CASCADE
          ) {clustered})"),
          table(R"(CREATE TABLE IF NOT EXISTS projects (
            id {id},
            workspace_id {integer} NOT NULL,
            name {key 255} NOT NULL,
            name_folded {text} NOT NULL,
            description {text},
            git_url {text},
            created_us {integer} NOT NULL,
            updated_us {integer} NOT NULL,
            FOREIGN KEY (workspace_id) REFERENCES workspaces (id)
          ) {options})"),
          index("projects", "projects_workspace", "(workspace_id)"),
          table(R"(CREATE TABLE IF NOT EXISTS project_facets (
            project_id {integer} NOT NULL,
            kind {key 16} NOT NULL,
            name {key 255} NOT NULL,
            owner {integer} NOT NULL,
            uses {integer} NOT NULL,
            first_model {integer} NOT NULL,
            first_place {integer} NOT NULL,
            user_id {integer},
            PRIMARY KEY (project_id, kind, name, owner),
            FOREIGN KEY (project_id) REFERENCES projects (id) ON DELETE CASCADE
          ) {clustered})"),
      },
  }};

  using Kind = ColumnKind;
  constexpr ColumnRules kName{
      .is_writable = true, .is_mandatory = true, .longest = 255, .folded = "name_folded"};
  Entity workspaces{"workspaces", "workspaces", {}, {"id"}};
  workspaces.revision = kRegistry;
  workspaces.columns = {
      {"id", Kind::Integer, "id"},
      {"name", Kind::Text, "name", kName},
      {"description", Kind::Text, "description", {.is_writable = true}},
      {"updated", Kind::Time, "updated_us"},
      {"created", Kind::Time, "created_us"},
  };
  Entity projects{"projects", "projects", {}, {"id"}};
  projects.revision = kRegistry;
  projects.columns = {
      {"id", Kind::Integer, "id"},
      {"workspace_id",
       Kind::Integer,
       "workspace_id",
       {.is_writable = true, .is_mandatory = true, .references = "workspaces"}},
      {"name", Kind::Text, "name", kName},
      {"description", Kind::Text, "description", {.is_writable = true}},
      {"facets", Kind::Rows, "", {}, {}, {.entity = "project_facets", .by = "project"}},
      {"git_url", Kind::Text, "git_url", {.is_writable = true}},
      {"updated", Kind::Time, "updated_us"},
      {"created", Kind::Time, "created_us"},
  };
  // The rows of private models belong to their user, those of the others to nobody.
  Entity facets{"project_facets",
                "project_facets",
                {},
                {"project", "first_model", "first_place", "kind", "name", "owner"},
                "(project_facets.owner = 0 OR project_facets.owner = ?)"};
  facets.revision = kRegistry;
  facets.columns = {
      {"project", Kind::Integer, "project_id"},
      {"kind", Kind::Text, "kind"},
      {"name", Kind::Text, "name"},
      {"owner", Kind::Integer, "owner"},
      {"uses", Kind::Integer, "uses"},
      {"first_model", Kind::Integer, "first_model"},
      {"first_place", Kind::Integer, "first_place"},
      {"user_id", Kind::Integer, "user_id"},
      {"full_name", Kind::Text,
       "(SELECT users.full_name FROM users WHERE users.id = project_facets.user_id)"},
  };
  part.entities = {std::move(workspaces), std::move(projects), std::move(facets)};
  return part;
}

}  // namespace millrace
