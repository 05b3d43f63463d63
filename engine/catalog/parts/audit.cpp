#include "engine/catalog/part.hpp"

namespace millrace {

// Who changed what: lines are only ever appended.
CatalogPart part_audit() {
  CatalogPart part;
  part.name = "audit";
  part.migrations = {{
      1,
      "audit",
      {
          MigrationStep::statement(R"(CREATE TABLE IF NOT EXISTS audit (
            id {id},
            time_us {integer} NOT NULL,
            actor {key 255} NOT NULL,
            entity {key 64} NOT NULL,
            entity_id {integer} NOT NULL,
            action {key 32} NOT NULL,
            what {text} NOT NULL
          ) {options})"),
          MigrationStep::index("audit", "audit_entity", "(entity, entity_id)"),
      },
  }};

  using Kind = ColumnKind;
  // Who sees rows of their own only sees nothing of the trail.
  Entity audit{"audit", "audit", {}, {"id"}, "1 = 0 AND actor = ?"};
  audit.columns = {
      {"id", Kind::Integer, "id"},         {"time", Kind::Time, "time_us"},
      {"actor", Kind::Text, "actor"},      {"entity", Kind::Text, "entity"},
      {"row", Kind::Integer, "entity_id"}, {"action", Kind::Text, "action"},
      {"what", Kind::Document, "what"},
  };
  part.entities = {std::move(audit)};
  return part;
}

}  // namespace millrace
