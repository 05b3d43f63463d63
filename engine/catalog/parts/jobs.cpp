#include "engine/catalog/part.hpp"

namespace millrace {

// Jobs, their journal, the state they resume from, and the outputs they publish.
CatalogPart part_jobs() {
  CatalogPart part;
  part.name = "jobs";

  const auto table = MigrationStep::statement;
  const auto index = MigrationStep::index;
  part.migrations = {
      {
          1,
          "jobs, journal, checkpoints, outputs",
          {
              table(R"(CREATE TABLE IF NOT EXISTS jobs (
            id {id},
            dialect {key 64} NOT NULL,
            external_id {key 255},
            owner {key 255} NOT NULL,
            queue {key 128} NOT NULL,
            name {key 255} NOT NULL,
            priority {integer} NOT NULL,
            state {key 16} NOT NULL,
            stop_reason {key 16} NOT NULL,
            created_us {integer} NOT NULL,
            started_us {integer} NOT NULL,
            finished_us {integer} NOT NULL,
            updated_us {integer} NOT NULL,
            not_before_us {integer} NOT NULL,
            deadline_us {integer} NOT NULL,
            attempt {integer} NOT NULL,
            failures {integer} NOT NULL,
            crashes {integer} NOT NULL,
            max_attempts {integer} NOT NULL,
            token {integer} NOT NULL,
            lease_holder {key 255} NOT NULL,
            lease_until_us {integer} NOT NULL,
            last_event {integer} NOT NULL,
            idempotency_key {key 255},
            pipeline {text} NOT NULL,
            facts {text},
            rights {text} NOT NULL,
            rules {text},
            result {text},
            counts {text},
            progress {text},
            error {text},
            versions {text}
          ) {options})"),
              index("jobs", "jobs_external", "UNIQUE (dialect, external_id)"),
              index("jobs", "jobs_idempotency", "UNIQUE (owner, idempotency_key)"),
              index("jobs", "jobs_state", "(state, lease_until_us)"),
              index("jobs", "jobs_owner", "(dialect, owner, id)"),
              table(R"(CREATE TABLE IF NOT EXISTS job_events (
            job_id {integer} NOT NULL,
            sequence {integer} NOT NULL,
            time_us {integer} NOT NULL,
            kind {key 32} NOT NULL,
            body {text},
            PRIMARY KEY (job_id, sequence),
            FOREIGN KEY (job_id) REFERENCES jobs (id) ON DELETE CASCADE
          ) {clustered})"),
              table(R"(CREATE TABLE IF NOT EXISTS job_checkpoints (
            job_id {integer} NOT NULL,
            token {integer} NOT NULL,
            sequence {integer} NOT NULL,
            states {text} NOT NULL,
            PRIMARY KEY (job_id),
            FOREIGN KEY (job_id) REFERENCES jobs (id) ON DELETE CASCADE
          ) {options})"),
              table(R"(CREATE TABLE IF NOT EXISTS job_outputs (
            job_id {integer} NOT NULL,
            place {integer} NOT NULL,
            uri {text} NOT NULL,
            state {key 16} NOT NULL,
            PRIMARY KEY (job_id, place),
            FOREIGN KEY (job_id) REFERENCES jobs (id) ON DELETE CASCADE
          ) {options})"),
          },
      },
      {
          2,
          "jobs whose client chose no id have none",
          {
              // They had their number, which blocked the id of a client that chose it.
              table("UPDATE jobs SET external_id = NULL WHERE external_id = CAST(id AS CHAR)"),
          },
      },
      {
          3,
          "outputs say whose stage counts",
          {
              // 0: of an attempt before this version, whose stages have no token in their names.
              MigrationStep::column("job_outputs", "token", "{integer} NOT NULL DEFAULT 0"),
          },
      },
      {
          4,
          "a job that is publishing keeps the changes that take effect with its end",
          {
              MigrationStep::column("jobs", "changes", "{text}"),
          },
      },
      {
          5,
          "jobs wait for others",
          {
              MigrationStep::column("jobs", "after_job", "{integer}"),  // null: it waits for none
              MigrationStep::column("jobs", "after_delay_s", "{integer} NOT NULL DEFAULT 0"),
              // How many jobs it waits behind, each of which waits for the next.
              MigrationStep::column("jobs", "after_depth", "{integer} NOT NULL DEFAULT 0"),
              index("jobs", "jobs_after", "(after_job)"),
          },
      },
      {
          6,
          "values of secret parameters stand in files",
          {
              MigrationStep::column("jobs", "sealed", "{key 64}"),  // null: it has none
          },
      },
      {
          7,
          "jobs wait for an end of another",
          {
              // finished, failed or ended (After::When)
              MigrationStep::column("jobs", "after_when", "{key 16} NOT NULL DEFAULT 'finished'"),
          },
      }};

  using Kind = ColumnKind;
  // Rows below a job are seen by whoever sees the job.
  Entity jobs{"jobs", "jobs", {}, {"id"}, "owner = ?"};
  jobs.columns = {
      {"id", Kind::Integer, "id"},
      {"dialect", Kind::Text, "dialect"},
      {"external_id", Kind::Text, "external_id"},
      {"owner", Kind::Text, "owner"},
      {"queue", Kind::Text, "queue"},
      {"name", Kind::Text, "name"},
      {"priority", Kind::Integer, "priority"},
      {"state", Kind::Text, "state"},
      {"stop_reason", Kind::Text, "stop_reason"},
      {"created", Kind::Time, "created_us"},
      {"started", Kind::MaybeTime, "started_us"},
      {"finished", Kind::MaybeTime, "finished_us"},
      {"not_before", Kind::MaybeTime, "not_before_us"},
      {"attempt", Kind::Integer, "attempt"},
      {"max_attempts", Kind::Integer, "max_attempts"},
      {"after", Kind::Integer, "after_job"},
      {"after_delay_s", Kind::Integer, "after_delay_s"},
      {"after_when", Kind::Text, "after_when"},
      {"idempotency_key", Kind::Text, "idempotency_key"},
      {"pipeline", Kind::Document, "pipeline"},
      {"facts", Kind::Document, "facts"},
      {"result", Kind::Document, "result"},
      {"counts", Kind::Document, "counts"},
      {"progress", Kind::Document, "progress"},
      {"error", Kind::Document, "error"},
      {"versions", Kind::Document, "versions"},
  };
  Entity events{"job_events",
                "job_events",
                {},
                {"job", "sequence"},
                "job_id IN (SELECT id FROM jobs WHERE owner = ?)"};
  events.columns = {
      {"job", Kind::Integer, "job_id"}, {"sequence", Kind::Integer, "sequence"},
      {"time", Kind::Time, "time_us"},  {"kind", Kind::Text, "kind"},
      {"body", Kind::Document, "body"},
  };
  Entity outputs{"job_outputs",
                 "job_outputs",
                 {},
                 {"job", "place"},
                 "job_id IN (SELECT id FROM jobs WHERE owner = ?)"};
  outputs.columns = {
      {"job", Kind::Integer, "job_id"},
      {"place", Kind::Integer, "place"},
      {"uri", Kind::Text, "uri"},
      {"state", Kind::Text, "state"},
  };
  part.entities = {std::move(jobs), std::move(events), std::move(outputs)};
  return part;
}

}  // namespace millrace
