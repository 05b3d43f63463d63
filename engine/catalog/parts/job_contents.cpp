#include "engine/catalog/part.hpp"

namespace millrace {

// Contents that a job has made, reads as a model, or has taken the last name from: they stay while
// the job has not ended, and what no row names goes when it has. An address of a model leads a job
// to the same content in all of its attempts.
CatalogPart part_job_contents() {
  CatalogPart part;
  part.name = "job_contents";
  part.after = {"jobs"};
  part.migrations = {
      {
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
      },
      {
          2,
          "models of jobs",
          {
              MigrationStep::statement(R"(CREATE TABLE IF NOT EXISTS job_models (
            job_id {integer} NOT NULL,
            address {key 255} NOT NULL,
            sha256 {key 64} NOT NULL,
            PRIMARY KEY (job_id, address),
            FOREIGN KEY (job_id) REFERENCES jobs (id) ON DELETE CASCADE
          ) {clustered})"),
          },
      }};
  return part;
}

}  // namespace millrace
