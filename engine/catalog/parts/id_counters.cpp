#include "engine/catalog/part.hpp"

namespace millrace {

// The last id that was drawn for rows of an entity (id_counters.hpp). The audit trail knows of rows
// that are gone.
CatalogPart part_id_counters() {
  CatalogPart part;
  part.name = "id_counters";
  part.after = {"audit", "models", "projects", "users", "versions"};
  part.migrations = {{
      1,
      "ids are drawn",
      {MigrationStep::statement(R"(CREATE TABLE IF NOT EXISTS id_counters (
         entity {key 64} NOT NULL,
         last {integer} NOT NULL,
         PRIMARY KEY (entity)
       ) {clustered})"),
       MigrationStep::statement(R"(INSERT INTO id_counters (entity, last)
         SELECT entity, MAX(id) FROM (
           SELECT entity, MAX(entity_id) AS id FROM audit GROUP BY entity
           UNION ALL SELECT 'users', MAX(id) FROM users
           UNION ALL SELECT 'workspaces', MAX(id) FROM workspaces
           UNION ALL SELECT 'projects', MAX(id) FROM projects
           UNION ALL SELECT 'models', MAX(id) FROM models
           UNION ALL SELECT 'tags', MAX(id) FROM tags
           UNION ALL SELECT 'promotions', MAX(id) FROM promotions) AS known
         WHERE id IS NOT NULL AND NOT EXISTS
           (SELECT 1 FROM id_counters made WHERE made.entity = known.entity)
         GROUP BY entity)")},
  }};
  return part;
}

}  // namespace millrace
