#include "engine/catalog/model_facets.hpp"
#include "engine/catalog/model_hooks.hpp"
#include "engine/catalog/part.hpp"
#include "engine/catalog/promotions.hpp"

namespace millrace {

// Models and their tags. The bytes of a model lie in the store, under the hash of its content.
CatalogPart part_models() {
  CatalogPart part;
  part.name = "models";
  part.after = {"projects", "users"};
  const auto table = MigrationStep::statement;
  const auto index = MigrationStep::index;
  part.migrations = {
      {
          1,
          "models, tags, values",
          {
              table(R"(CREATE TABLE IF NOT EXISTS models (
            id {id},
            user_id {integer} NOT NULL,
            project_id {integer} NOT NULL,
            name {key 255},
            name_folded {text} NOT NULL,
            private {integer} NOT NULL,
            hyperparameters {text} NOT NULL,
            parameters {text} NOT NULL,
            metrics {text} NOT NULL,
            dataset_name {text},
            dataset_description {text},
            git_branch {text},
            git_commit {text},
            file_name {key 255},
            file_sha256 {key 64},
            file_bytes {integer},
            created_us {integer} NOT NULL,
            updated_us {integer} NOT NULL,
            FOREIGN KEY (user_id) REFERENCES users (id),
            FOREIGN KEY (project_id) REFERENCES projects (id)
          ) {options})"),
              index("models", "models_project", "(project_id, id)"),
              index("models", "models_user", "(user_id, id)"),
              index("models", "models_file", "(file_sha256)"),
              index("models", "models_page", "(id, private, user_id)"),
              table(R"(CREATE TABLE IF NOT EXISTS tags (
            id {id},
            name {key 255},
            name_folded {text} NOT NULL,
            description {text},
            created_us {integer} NOT NULL,
            updated_us {integer} NOT NULL
          ) {options})"),
              index("tags", "tags_name", "UNIQUE (name)"),
              table(R"(CREATE TABLE IF NOT EXISTS model_tags (
            model_id {integer} NOT NULL,
            tag_id {integer} NOT NULL,
            PRIMARY KEY (model_id, tag_id),
            FOREIGN KEY (model_id) REFERENCES models (id) ON DELETE CASCADE,
            FOREIGN KEY (tag_id) REFERENCES tags (id) ON DELETE CASCADE
          ) {clustered})"),
              index("model_tags", "model_tags_tag", "(tag_id, model_id)"),
              table(R"(CREATE TABLE IF NOT EXISTS model_values (
            kind {key 16} NOT NULL,
            name {key 255} NOT NULL,
            model_id {integer} NOT NULL,
            project_id {integer} NOT NULL,
            number {real},
            place {integer} NOT NULL,
            PRIMARY KEY (kind, name, model_id),
            FOREIGN KEY (model_id) REFERENCES models (id) ON DELETE CASCADE
          ) {clustered})"),
              index("model_values", "model_values_model", "(model_id)"),
              index("model_values", "model_values_project", "(kind, name, project_id, model_id)"),
          },
      },
      {
          2,
          "search in names",
          {
              table(R"(CREATE TABLE IF NOT EXISTS model_suffixes (
            suffix {key 32} NOT NULL,
            model_id {integer} NOT NULL,
            PRIMARY KEY (suffix, model_id),
            FOREIGN KEY (model_id) REFERENCES models (id) ON DELETE CASCADE
          ) {clustered})"),
              index("model_suffixes", "model_suffixes_model", "(model_id)"),
              // Of the models that are there already; texts are kept for 32 characters.
              table(R"(INSERT INTO model_suffixes (suffix, model_id)
            WITH RECURSIVE places (place) AS
              (SELECT 1 UNION ALL SELECT place + 1 FROM places WHERE place < 900)
            SELECT DISTINCT SUBSTR(models.name_folded, places.place, 32), models.id
            FROM models JOIN places
            WHERE SUBSTR(models.name_folded, places.place, 1) <> '' AND NOT EXISTS
              (SELECT 1 FROM model_suffixes known WHERE known.model_id = models.id))"),
          },
      },
      {
          3,
          "lineage",
          {
              MigrationStep::column("models", "job_id", "{integer}"),
              MigrationStep::column("models", "pipeline_name", "{key 255}"),
              MigrationStep::column("models", "pipeline_sha256", "{key 64}"),
              MigrationStep::column("models", "dataset_uri", "{text}"),
              MigrationStep::column("models", "dataset_sha256", "{key 64}"),
              index("models", "models_job", "(job_id)"),
              index("models", "models_dataset", "(dataset_sha256)"),
          },
      },
      {
          4,
          "integers beside the doubles",
          {
              // What is to be added to `number`; null, which is 0, until the model is changed.
              MigrationStep::column("model_values", "rest", "{integer}"),
          },
      }};

  using Kind = ColumnKind;
  const auto document = [](std::string_view name, std::string_view kind) {
    return EntityColumn{
        name,
        Kind::Document,
        name,
        {.is_writable = true, .is_mandatory = true, .fallback = "{}"},
        {.table = "model_values", .row = "model_id", .kind = kind, .copied = "project_id"}};
  };
  const auto text = [](std::string_view name, int longest = 0) {
    return EntityColumn{name, Kind::Text, name, {.is_writable = true, .longest = longest}};
  };
  const auto sha256 = [](std::string_view name) {
    return EntityColumn{name, Kind::Text, name, {.is_writable = true, .is_sha256 = true}};
  };
  const auto of_user = [](std::string_view name, std::string_view column) {
    EntityColumn made{name, Kind::Text, column};
    made.joined = "LEFT JOIN users ON users.id = models.user_id";
    return made;
  };
  // With an owner, private models are there for them only.
  Entity models{"models",
                "models",
                {},
                {"id"},
                "(models.private = 0 OR models.user_id = ?)",
                forget_model_facets,
                derive_from_model,
                complete_model,
                check_not_in_force};
  models.derived_from = {"user_id",         "project_id", "name",   "private",
                         "hyperparameters", "parameters", "metrics"};
  models.revision = kRegistry;
  models.columns = {
      {"id", Kind::Integer, "id"},
      {"user_id",
       Kind::Integer,
       "user_id",
       {.is_writable = true, .is_mandatory = true, .references = "users"}},
      of_user("user_login", "users.login"),
      of_user("user_full_name", "users.full_name"),
      {"project_id",
       Kind::Integer,
       "project_id",
       {.is_writable = true, .is_mandatory = true, .references = "projects"}},
      {"workspace_id", Kind::Integer,
       "(SELECT projects.workspace_id FROM projects WHERE projects.id = models.project_id)"},
      {"name",
       Kind::Text,
       "name",
       {.is_writable = true,
        .longest = 255,
        .folded = "name_folded",
        .contains = {.table = "model_suffixes", .row = "model_id"}}},
      {"private",
       Kind::Flag,
       "private",
       {.is_writable = true, .is_mandatory = true, .fallback = "false"}},
      text("dataset_name"),
      text("dataset_description"),
      document("hyperparameters", "hyperparameter"),
      document("parameters", "parameter"),
      document("metrics", "metric"),
      {"tags",
       Kind::Rows,
       "",
       {.is_writable = true},
       {},
       {.entity = "model_tags",
        .by = "model",
        .named = "tags",
        .link = "model_tags",
        .own = "model_id",
        .other = "tag_id"}},
      {"version", Kind::Integer,
       "(SELECT model_versions.number FROM model_versions WHERE model_versions.model_id = "
       "models.id)"},
      {"job_id", Kind::Integer, "job_id", {.is_writable = true, .references = "jobs"}},
      text("pipeline_name", 255),
      sha256("pipeline_sha256"),
      text("dataset_uri", 2'048),
      sha256("dataset_sha256"),
      text("git_branch"),
      text("git_commit"),
      text("file_name", 255),
      {"file_sha256",
       Kind::Text,
       "file_sha256",
       {.is_writable = true, .is_sha256 = true, .is_content = true}},
      {"file_bytes", Kind::Integer, "file_bytes", {.is_writable = true}},
      {"created", Kind::Time, "created_us"},
      {"updated", Kind::Time, "updated_us"},
  };
  Entity tags{"tags", "tags", {}, {"id"}};
  tags.revision = kRegistry;
  tags.pending = "change_id";
  tags.columns = {
      {"id", Kind::Integer, "id"},
      {"name",
       Kind::Text,
       "name",
       {.is_writable = true,
        .is_mandatory = true,
        .is_unique = true,
        .longest = 255,
        .folded = "name_folded"}},
      {"description", Kind::Text, "description", {.is_writable = true}},
      {"updated", Kind::Time, "updated_us"},
      {"created", Kind::Time, "created_us"},
  };
  Entity model_tags{
      "model_tags", "model_tags JOIN tags ON tags.id = model_tags.tag_id", {}, {"model", "id"}};
  model_tags.revision = kRegistry;
  model_tags.columns = {
      {"model", Kind::Integer, "model_tags.model_id"},
      {"id", Kind::Integer, "tags.id"},
      {"name", Kind::Text, "tags.name"},
      {"description", Kind::Text, "tags.description"},
  };
  part.entities = {std::move(models), std::move(tags), std::move(model_tags)};
  return part;
}

}  // namespace millrace
