#include "engine/catalog/part.hpp"

namespace millrace {

// Contents that a job has made, or has taken the last name from: they stay while the job has not
// ended, and what no row names goes when it has.
CatalogPart part_job_contents() {
  CatalogPart part;
  part.name = "job_contents";
  part.after = {"jobs"};
  part.migrations = {{
      1,
      "contents of jobs",
      {
          MigrationStep::statement(R"(CREATE TABLE IF NOT EXISTS job_contents (
            job_id {integer} NOT NULL,
            sha256 {key 64} NOT NULL,
            token {integer} NOT NULL,
            PRIMARY KEY (job_id, sha256),
            FOREIGN KEY (job_id) REFERENCES jobs (id) ON DELETE CASCADE
          ) {clustered})"),
          MigrationStep::index("job_contents", "job_contents_sha256", "(sha256)"),
      },
  }};
  return part;
}

}  // namespace millrace
