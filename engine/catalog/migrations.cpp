#include "engine/catalog/migrations.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <tuple>

#include <spdlog/spdlog.h>

#include "engine/catalog/sql_spelling.hpp"

#include <fmt/format.h>

namespace millrace {

namespace {

constexpr std::string_view kTable = R"(CREATE TABLE IF NOT EXISTS schema_migrations (
  part {key 64} NOT NULL,
  version {integer} NOT NULL,
  step {integer} NOT NULL,
  what {key 255} NOT NULL,
  done_us {integer} NOT NULL,
  PRIMARY KEY (part, version, step)
) {clustered})";

using Done = std::set<std::tuple<std::string, std::int64_t, std::int64_t>>;

std::int64_t first_number(const SqlRows& rows) {
  return rows.rows.empty() ? 0 : std::get<std::int64_t>(rows.rows[0].at(0));
}

// Keeps a second program out while this one migrates. SQLite: each step is a transaction that takes
// the write lock.
class Turn {
 public:
  static Result<Turn> take(Connection& connection, SqlDialect dialect) {
    if (dialect == SqlDialect::MySql) {
      MR_TRY(const SqlRows got,
             connection.query("SELECT CAST(GET_LOCK('millrace_migrations', 60) AS SIGNED)"));
      const auto* answer = std::get_if<std::int64_t>(&got.rows.at(0).at(0));
      if (answer == nullptr || *answer != 1) {
        return Error{
            Code::Unavailable,
            "catalog: another program has been migrating the schema for a minute; try again"};
      }
    }
    return Turn{connection, dialect};
  }
  Turn(Turn&& other) noexcept
      : connection_{std::exchange(other.connection_, nullptr)}, dialect_{other.dialect_} {}
  Turn& operator=(Turn&&) = delete;
  ~Turn() {
    if (connection_ == nullptr || dialect_ != SqlDialect::MySql) return;
    // A lost connection has lost the lock as well, so a failure here needs no answer.
    static_cast<void>(
        connection_->query("SELECT CAST(RELEASE_LOCK('millrace_migrations') AS SIGNED)"));
  }

 private:
  Turn(Connection& connection, SqlDialect dialect) : connection_{&connection}, dialect_{dialect} {}
  Connection* connection_;
  SqlDialect dialect_;
};

Result<Done> read_done(Connection& connection) {
  MR_TRY(const SqlRows found,
         connection.query("SELECT part, version, step FROM schema_migrations"));
  Done done;
  for (const auto& row : found.rows) {
    done.emplace(std::get<std::string>(row[0]), std::get<std::int64_t>(row[1]),
                 std::get<std::int64_t>(row[2]));
  }
  return done;
}

Result<void> refuse_newer(const Done& done, std::span<const CatalogPart> parts) {
  std::map<std::string_view, std::int64_t> reached;
  for (const auto& [name, version, step] : done) reached[name] = std::max(reached[name], version);
  for (const auto& [name, version] : reached) {
    const auto part = std::find_if(parts.begin(), parts.end(),
                                   [&](const auto& known) { return known.name == name; });
    std::int64_t newest = 0;
    if (part != parts.end()) {
      for (const Migration& migration : part->migrations)
        newest = std::max<std::int64_t>(newest, migration.version);
    }
    if (version > newest) {
      return Error{Code::Conflict,
                   fmt::format("catalog: the schema is newer than this program: {} is at version "
                               "{}, known is {}; use the "
                               "newer program, or a copy of the database from before its start",
                               name, version, newest)};
    }
  }
  return {};
}

class Migrator {
 public:
  Migrator(Connection& connection, SqlDialect dialect, SqlSpelling spelling, const Clock& clock)
      : connection_{connection}, dialect_{dialect}, spelling_{std::move(spelling)}, clock_{clock} {}

  Result<void> make_table() { return run_spelled(kTable); }

  // One transaction for the step and its note. MySQL commits DDL by itself, so there the note may
  // be missing after a crash; the step is idempotent and runs again.
  Result<void> run_step(const CatalogPart& part, const Migration& migration, std::int64_t place) {
    const MigrationStep& step = migration.steps[static_cast<std::size_t>(place)];
    MR_CHECK(connection_.begin());
    auto done = apply(step);
    if (done.ok()) {
      auto noted = connection_.execute(
          "INSERT INTO schema_migrations (part, version, step, what, done_us) VALUES (?, ?, ?, ?, "
          "?)",
          {std::string{part.name}, std::int64_t{migration.version}, place,
           std::string{migration.what}, to_micros(clock_.now())});
      if (!noted.ok()) done = std::move(noted).error();
    }
    if (done.ok()) done = connection_.commit();
    if (!done.ok()) {
      static_cast<void>(connection_.rollback());  // the first error is the one to tell
      return std::move(done).error().within(fmt::format(
          "catalog: migrate {} to version {}, step {}", part.name, migration.version, place + 1));
    }
    return {};
  }

 private:
  Result<void> run_spelled(std::string_view text) {
    MR_TRY(const std::string sql, spelling_.spell(text));
    return connection_.run(sql);
  }

  Result<void> apply(const MigrationStep& step) {
    switch (step.kind) {
      case MigrationStep::Kind::Statement:
        return run_spelled(step.sql);
      case MigrationStep::Kind::Index: {
        MR_TRY(const bool there, has_index(step));
        if (there) return {};
        const bool unique = step.sql.starts_with("UNIQUE ");
        const auto columns = unique ? step.sql.substr(7) : step.sql;
        return run_spelled(fmt::format("CREATE {}INDEX {} ON {} {}", unique ? "UNIQUE " : "",
                                       step.name, step.table, columns));
      }
      case MigrationStep::Kind::Column: {
        MR_TRY(const bool there, has_column(step));
        if (there) return {};
        return run_spelled(
            fmt::format("ALTER TABLE {} ADD COLUMN {} {}", step.table, step.name, step.sql));
      }
    }
    return Error{Code::Internal, "catalog: unknown kind of migration step"};
  }

  Result<bool> has_index(const MigrationStep& step) {
    const std::vector<SqlValue> names{std::string{step.table}, std::string{step.name}};
    MR_TRY(const SqlRows found,
           dialect_ == SqlDialect::Sqlite
               ? connection_.query("SELECT COUNT(*) FROM sqlite_master WHERE type = 'index' AND "
                                   "tbl_name = ? AND name = ?",
                                   names)
               : connection_.query("SELECT COUNT(*) FROM information_schema.statistics WHERE "
                                   "table_schema = DATABASE() "
                                   "AND table_name = ? AND index_name = ?",
                                   names));
    return first_number(found) > 0;
  }

  Result<bool> has_column(const MigrationStep& step) {
    const std::vector<SqlValue> names{std::string{step.table}, std::string{step.name}};
    MR_TRY(
        const SqlRows found,
        dialect_ == SqlDialect::Sqlite
            ? connection_.query("SELECT COUNT(*) FROM pragma_table_info(?) WHERE name = ?", names)
            : connection_.query(
                  "SELECT COUNT(*) FROM information_schema.columns WHERE table_schema = DATABASE() "
                  "AND table_name = ? AND column_name = ?",
                  names));
    return first_number(found) > 0;
  }

  Connection& connection_;
  const SqlDialect dialect_;
  const SqlSpelling spelling_;
  const Clock& clock_;
};

}  // namespace

Result<void> migrate(Connection& connection, SqlDialect dialect, std::span<const CatalogPart> parts,
                     const Clock& clock) {
  MR_TRY(const Turn turn, Turn::take(connection, dialect));
  MR_TRY(SqlSpelling spelling, SqlSpelling::of(dialect, connection));
  Migrator migrator{connection, dialect, std::move(spelling), clock};
  MR_CHECK(migrator.make_table());
  MR_TRY(const Done done, read_done(connection));
  MR_CHECK(refuse_newer(done, parts));
  for (const CatalogPart& part : parts) {
    for (const Migration& migration : part.migrations) {
      std::int64_t ran = 0;
      for (std::int64_t place = 0; place < static_cast<std::int64_t>(migration.steps.size());
           ++place) {
        if (done.contains({std::string{part.name}, migration.version, place})) continue;
        MR_CHECK(migrator.run_step(part, migration, place));
        ++ran;
      }
      if (ran > 0)
        spdlog::info("catalog migrated part={} version={} steps={}", part.name, migration.version,
                     ran);
    }
  }
  return {};
}

}  // namespace millrace
