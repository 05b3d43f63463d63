#include "engine/catalog/part.hpp"

namespace millrace {

// One row: how often things were changed by the language of changes. A change takes it first, so
// that those of several engines at one database come one after the other, and what was made of the
// rows holds for as long as the number stands (answer_cache.hpp).
CatalogPart part_revision() {
  CatalogPart part;
  part.name = "revision";
  part.migrations = {{
      1,
      "number of changes",
      {MigrationStep::statement(R"(CREATE TABLE IF NOT EXISTS catalog_revision (
         id {integer} NOT NULL,
         revision {integer} NOT NULL,
         PRIMARY KEY (id)
       ) {clustered})"),
       MigrationStep::statement(
           "INSERT INTO catalog_revision (id, revision) SELECT 1, 0 FROM (SELECT 1) AS made "
           "WHERE NOT EXISTS (SELECT 1 FROM catalog_revision)")},
  }};
  return part;
}

}  // namespace millrace
