#include "engine/catalog/part.hpp"

namespace millrace {

// How often things were changed by the language of changes, by the name of a revision
// (revision_of). A change takes its row first, so that those of several engines at one database
// come one after the other, and what was made of the rows holds for as long as the number stands
// (answer_cache.hpp).
CatalogPart part_revision() {
  CatalogPart part;
  part.name = "revision";
  part.migrations = {
      {
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
      },
      {
          2,
          "a revision by name",
          {MigrationStep::statement(R"(CREATE TABLE IF NOT EXISTS catalog_revisions (
         name {key 64} NOT NULL,
         revision {integer} NOT NULL,
         PRIMARY KEY (name)
       ) {clustered})"),
           MigrationStep::statement(
               "INSERT INTO catalog_revisions (name, revision) SELECT 'registry', revision FROM "
               "catalog_revision WHERE NOT EXISTS (SELECT 1 FROM catalog_revisions known WHERE "
               "known.name = 'registry')")},
      }};
  return part;
}

}  // namespace millrace
