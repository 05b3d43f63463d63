#include "engine/catalog/part.hpp"
#include "engine/catalog/promotions.hpp"

namespace millrace {

namespace {

using Kind = ColumnKind;

// Names compare exactly, so "lenet" and "Lenet" are counted apart. Promotions outlive their models,
// and go with their project; what is in force is kept apart, so that nobody looks for it in them.
std::vector<MigrationStep> tables() {
  const auto statement = MigrationStep::statement;
  const auto index = MigrationStep::index;
  return {
      statement(R"(CREATE TABLE IF NOT EXISTS version_counters (
        project_id {integer} NOT NULL,
        name {key 255} NOT NULL,
        last {integer} NOT NULL,
        PRIMARY KEY (project_id, name),
        FOREIGN KEY (project_id) REFERENCES projects (id) ON DELETE CASCADE
      ) {clustered})"),
      statement(R"(CREATE TABLE IF NOT EXISTS model_versions (
        model_id {integer} NOT NULL,
        project_id {integer} NOT NULL,
        name {key 255} NOT NULL,
        number {integer} NOT NULL,
        PRIMARY KEY (model_id),
        FOREIGN KEY (model_id) REFERENCES models (id) ON DELETE CASCADE
      ) {clustered})"),
      index("model_versions", "model_versions_name", "UNIQUE (project_id, name, number)"),
      // Of the models that are there already, in the order in which they came.
      statement(R"(INSERT INTO model_versions (model_id, project_id, name, number)
        SELECT id, project_id, name, ROW_NUMBER() OVER (PARTITION BY project_id, name ORDER BY id)
        FROM models
        WHERE name IS NOT NULL AND name <> '' AND NOT EXISTS
          (SELECT 1 FROM model_versions known WHERE known.model_id = models.id))"),
      statement(R"(INSERT INTO version_counters (project_id, name, last)
        SELECT model_versions.project_id, model_versions.name, MAX(model_versions.number)
        FROM model_versions WHERE NOT EXISTS
          (SELECT 1 FROM version_counters counted
           WHERE counted.project_id = model_versions.project_id AND counted.name = model_versions.name)
        GROUP BY model_versions.project_id, model_versions.name)"),
      statement(R"(CREATE TABLE IF NOT EXISTS promotions (
        id {id},
        project_id {integer} NOT NULL,
        model_name {key 255} NOT NULL,
        stage {key 64} NOT NULL,
        model_id {integer} NOT NULL,
        version {integer} NOT NULL,
        action {key 16} NOT NULL,
        below {integer},
        user_id {integer},
        comment {text},
        owner {integer} NOT NULL,
        created_us {integer} NOT NULL,
        FOREIGN KEY (project_id) REFERENCES projects (id) ON DELETE CASCADE
      ) {options})"),
      index("promotions", "promotions_stage", "(project_id, model_name, stage, id)"),
      index("promotions", "promotions_project", "(project_id, id)"),
      index("promotions", "promotions_model", "(model_id, id)"),
      statement(R"(CREATE TABLE IF NOT EXISTS stages (
        project_id {integer} NOT NULL,
        name {key 255} NOT NULL,
        stage {key 64} NOT NULL,
        promotion_id {integer} NOT NULL,
        PRIMARY KEY (project_id, name, stage),
        FOREIGN KEY (project_id) REFERENCES projects (id) ON DELETE CASCADE
      ) {clustered})"),
      index("stages", "stages_promotion", "(promotion_id)"),
  };
}

constexpr std::string_view kVisibleModel = "(models.private = 0 OR models.user_id = ?)";
constexpr std::string_view kVisiblePromotion = "(promotions.owner = 0 OR promotions.owner = ?)";
// A retirement tells which model it took out of force; none is in force then.
constexpr std::string_view kModelInForce =
    "(CASE WHEN promotions.action = 'retire' THEN NULL ELSE promotions.model_id END)";
constexpr std::string_view kVersionInForce =
    "(CASE WHEN promotions.action = 'retire' THEN NULL ELSE promotions.version END)";

std::vector<EntityColumn> version_columns() {
  return {
      {"model_id", Kind::Integer, "model_versions.model_id"},
      {"project_id", Kind::Integer, "model_versions.project_id"},
      {"name", Kind::Text, "model_versions.name"},
      {"version", Kind::Integer, "model_versions.number"},
      {"user_id", Kind::Integer, "models.user_id"},
      {"user_login", Kind::Text, "(SELECT users.login FROM users WHERE users.id = models.user_id)"},
      {"user_full_name", Kind::Text,
       "(SELECT users.full_name FROM users WHERE users.id = models.user_id)"},
      {"private", Kind::Flag, "models.private"},
      {"created", Kind::Time, "models.created_us"},
  };
}

Entity model_versions() {
  Entity versions{"model_versions",
                  "model_versions JOIN models ON models.id = model_versions.model_id",
                  version_columns(),
                  {"project_id", "name", "version"},
                  kVisibleModel};
  return versions;
}

// The versions of the name that a model has, the model itself among them.
Entity versions_of_model() {
  Entity versions{"versions_of_model",
                  "model_versions asked JOIN model_versions ON model_versions.project_id = "
                  "asked.project_id AND model_versions.name = asked.name "
                  "JOIN models ON models.id = model_versions.model_id",
                  version_columns(),
                  {"model", "version"},
                  kVisibleModel};
  versions.columns.push_back({"model", Kind::Integer, "asked.model_id"});
  return versions;
}

// The stages of the name that a model has.
Entity stages_of_model() {
  Entity stages{"stages_of_model",
                "model_versions asked JOIN stages ON stages.project_id = asked.project_id AND "
                "stages.name = asked.name JOIN promotions ON promotions.id = stages.promotion_id",
                {},
                {"model", "stage"},
                kVisiblePromotion};
  stages.columns = {
      {"model", Kind::Integer, "asked.model_id"},
      {"stage", Kind::Text, "stages.stage"},
      {"model_id", Kind::Integer, kModelInForce},
      {"version", Kind::Integer, kVersionInForce},
  };
  return stages;
}

Entity promotions() {
  Entity promotions{"promotions", "promotions", {}, {"id"}, kVisiblePromotion};
  promotions.derive = derive_stage;
  promotions.complete = complete_promotion;
  promotions.is_append_only = true;
  promotions.revision = kRegistry;
  promotions.columns = {
      {"id", Kind::Integer, "id"},
      {"project_id", Kind::Integer, "project_id", {.is_writable = true}},
      {"model_name", Kind::Text, "model_name", {.is_writable = true, .longest = 255}},
      {"stage", Kind::Text, "stage", {.is_writable = true, .is_mandatory = true, .longest = 64}},
      {"action", Kind::Text, "action", {.is_writable = true, .is_mandatory = true}},
      {"model_id", Kind::Integer, "model_id", {.is_writable = true}},
      {"version", Kind::Integer, "version"},
      {"below", Kind::Integer, "below"},
      {"user_id", Kind::Integer, "user_id", {.is_writable = true}},
      {"user_login", Kind::Text,
       "(SELECT users.login FROM users WHERE users.id = promotions.user_id)"},
      {"user_full_name", Kind::Text,
       "(SELECT users.full_name FROM users WHERE users.id = promotions.user_id)"},
      {"comment", Kind::Text, "comment", {.is_writable = true, .longest = 2'000}},
      {"owner", Kind::Integer, "owner"},
      {"created", Kind::Time, "created_us"},
  };
  return promotions;
}

Entity stages() {
  Entity stages{"stages",
                "stages JOIN promotions ON promotions.id = stages.promotion_id",
                {},
                {"project_id", "model_name", "stage"},
                kVisiblePromotion};
  stages.columns = {
      {"project_id", Kind::Integer, "stages.project_id"},
      {"model_name", Kind::Text, "stages.name"},
      {"stage", Kind::Text, "stages.stage"},
      {"model_id", Kind::Integer, kModelInForce},
      {"version", Kind::Integer, kVersionInForce},
      {"promotion_id", Kind::Integer, "promotions.id"},
      {"action", Kind::Text, "promotions.action"},
      {"user_id", Kind::Integer, "promotions.user_id"},
      {"user_login", Kind::Text,
       "(SELECT users.login FROM users WHERE users.id = promotions.user_id)"},
      {"user_full_name", Kind::Text,
       "(SELECT users.full_name FROM users WHERE users.id = promotions.user_id)"},
      {"comment", Kind::Text, "promotions.comment"},
      {"since", Kind::Time, "promotions.created_us"},
  };
  return stages;
}

}  // namespace

// Versions of models that have a name, and the stages that they are promoted to.
CatalogPart part_versions() {
  CatalogPart part;
  part.name = "versions";
  part.after = {"models"};
  part.migrations = {{1, "versions, promotions, stages", tables()}};
  part.entities = {model_versions(), versions_of_model(), promotions(), stages(),
                   stages_of_model()};
  return part;
}

}  // namespace millrace
