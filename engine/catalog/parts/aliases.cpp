#include "engine/catalog/part.hpp"

namespace millrace {

// Ids in a dialect's own form (UUID, 32 hex digits, chosen by the client) for rows that have an id
// of ours.
CatalogPart part_aliases() {
  CatalogPart part;
  part.name = "aliases";
  part.migrations = {{
      1,
      "aliases",
      {
          MigrationStep::statement(R"(CREATE TABLE IF NOT EXISTS aliases (
            dialect {key 64} NOT NULL,
            kind {key 64} NOT NULL,
            external_id {key 255} NOT NULL,
            internal_id {integer} NOT NULL,
            PRIMARY KEY (dialect, kind, external_id)
          ) {clustered})"),
          MigrationStep::index("aliases", "aliases_internal", "(dialect, kind, internal_id)"),
      },
  }};
  Entity aliases{"aliases", "aliases", {}, {"dialect", "kind", "external_id"}};
  aliases.columns = {
      {"dialect", ColumnKind::Text, "dialect"},
      {"kind", ColumnKind::Text, "kind"},
      {"external_id", ColumnKind::Text, "external_id"},
      {"internal_id", ColumnKind::Integer, "internal_id"},
  };
  part.entities = {std::move(aliases)};
  return part;
}

}  // namespace millrace
