#include "engine/catalog/part.hpp"

namespace millrace {

// Changes whose rows are written but not yet seen (pending_change.hpp), and the column of the
// tables whose rows may be so.
CatalogPart part_pending_changes() {
  CatalogPart part;
  part.name = "pending_changes";
  part.after = {"models"};
  part.migrations = {
      {
          1,
          "changes that are written in pieces",
          {
              MigrationStep::statement(R"(CREATE TABLE IF NOT EXISTS pending_changes (
            id {id},
            entity {key 64} NOT NULL,
            renewed_us {integer} NOT NULL
          ) {options})"),
              MigrationStep::column("tags", "change_id", "{integer} NOT NULL DEFAULT 0"),
              MigrationStep::index("tags", "tags_change", "(change_id)"),
          },
      },
      {
          2,
          "jobs have changes that are not seen",
          {MigrationStep::column("pending_changes", "job_id", "{integer} NOT NULL DEFAULT 0"),
           MigrationStep::index("pending_changes", "pending_changes_job", "(job_id)")},
      }};
  return part;
}

}  // namespace millrace
