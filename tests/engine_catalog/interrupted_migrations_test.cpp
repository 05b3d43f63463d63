// The migrations of the real catalog, cut off at every statement. A database is brought from each
// migration to the next over things that stand in its tables, and again with a connection that ends
// at the first statement, at the second, and so on; whenever a step was finished the count begins
// anew, so that every statement of every step is the last one once. What comes out must not tell
// the two apart. Parts and migrations that are added are covered by themselves.
#include <algorithm>
#include <map>
#include <set>
#include <span>

#include <catch2/catch.hpp>

#include "engine/catalog/migrations.hpp"
#include "engine/catalog/part.hpp"
#include "tests/fixtures/catalog_place.hpp"

#include <fmt/format.h>

using namespace millrace;
using test::CatalogPlace;
using test::must;

namespace {

using Parts = std::vector<CatalogPart>;

// A connection that ends before one of its calls: of SQLite it is closed with its transaction open,
// as the kernel does for a process that was killed; of MariaDB the server is told to kill it.
class EndingConnection final : public Connection {
 public:
  EndingConnection(const CatalogPlace& place, SqlDialect kind, int calls)
      : place_{place}, kind_{kind}, left_{calls}, inner_{place.connect()} {}

  Result<SqlRows> query(std::string_view sql, const std::vector<SqlValue>& values) override {
    MR_CHECK(count());
    return inner_->query(sql, values);
  }
  Result<Changed> execute(std::string_view sql, const std::vector<SqlValue>& values) override {
    MR_CHECK(count());
    return inner_->execute(sql, values);
  }
  Result<std::int64_t> insert(std::string_view sql, const std::vector<SqlValue>& values) override {
    MR_CHECK(count());
    return inner_->insert(sql, values);
  }
  Result<void> run(std::string_view sql) override {
    MR_CHECK(count());
    return inner_->run(sql);
  }
  Result<void> begin() override {
    MR_CHECK(count());
    return inner_->begin();
  }
  Result<void> commit() override {
    MR_CHECK(count());
    return inner_->commit();
  }
  Result<void> rollback() override {
    MR_CHECK(count());
    return inner_->rollback();
  }

  [[nodiscard]] bool has_ended() const { return left_ < 0; }
  [[nodiscard]] int left() const { return left_; }

 private:
  Result<void> count() {
    if (--left_ == -1) end();
    if (inner_) return {};
    return Error{Code::Unavailable, "the connection was ended"};
  }

  void end() {
    if (kind_ == SqlDialect::Sqlite) return inner_.reset();
    const auto id = must(inner_->query("SELECT CAST(CONNECTION_ID() AS SIGNED)"));
    must(place_.connect()->run(fmt::format("KILL {}", std::get<std::int64_t>(id.rows[0][0]))));
  }

  const CatalogPlace& place_;
  const SqlDialect kind_;
  int left_;  // calls
  std::unique_ptr<Connection> inner_;
};

std::string text_of(const SqlValue& value) {
  if (const auto* number = std::get_if<std::int64_t>(&value)) return std::to_string(*number);
  if (const auto* real = std::get_if<double>(&value)) return fmt::format("{}", *real);
  if (const auto* text = std::get_if<std::string>(&value)) return "'" + *text + "'";
  return "null";
}

std::vector<std::string> lines(Connection& connection, const std::string& sql) {
  std::vector<std::string> lines;
  for (const auto& row : must(connection.query(sql)).rows) {
    std::string line;
    for (const SqlValue& value : row) line += text_of(value) + " | ";
    lines.push_back(std::move(line));
  }
  std::sort(lines.begin(), lines.end());
  return lines;
}

std::vector<std::string> schema_of(Connection& connection, SqlDialect kind) {
  if (kind == SqlDialect::Sqlite)
    return lines(connection, "SELECT type, name, tbl_name, sql FROM sqlite_master");
  std::vector<std::string> all;
  for (const char* what :
       {"table_name, engine, table_collation, row_format FROM information_schema.tables",
        "table_name, ordinal_position, column_name, column_type, is_nullable, column_default, "
        "extra, "
        "collation_name FROM information_schema.columns",
        "table_name, index_name, seq_in_index, column_name, non_unique, sub_part FROM "
        "information_schema.statistics",
        "table_name, constraint_name, column_name, referenced_table_name, referenced_column_name "
        "FROM information_schema.key_column_usage",
        "event_object_table, trigger_name, action_statement FROM information_schema.triggers"}) {
    const auto schema =
        std::string_view{what}.ends_with("triggers") ? "trigger_schema" : "table_schema";
    const auto some =
        lines(connection, fmt::format("SELECT {} WHERE {} = DATABASE()", what, schema));
    all.insert(all.end(), some.begin(), some.end());
  }
  return all;
}

struct Column {
  std::string name, type;  // in lower case
  bool counts_itself;      // an id that the database gives
};

// The tables of the catalog, not those with which SQLite keeps an index.
std::map<std::string, std::vector<Column>> tables_of(Connection& connection, SqlDialect kind) {
  const auto found = must(connection.query(
      kind == SqlDialect::Sqlite
          ? "SELECT t.name, c.name, LOWER(c.type), c.pk = 1 AND m.sql LIKE '%AUTOINCREMENT%' "
            "FROM pragma_table_list t JOIN pragma_table_info(t.name) c "
            "JOIN sqlite_master m ON m.name = t.name "
            "WHERE t.schema = 'main' AND t.type = 'table' AND t.name NOT LIKE 'sqlite%' "
            "ORDER BY t.name, c.cid"
          : "SELECT table_name, column_name, LOWER(data_type), "
            "CAST(extra LIKE '%auto_increment%' AS SIGNED) FROM information_schema.columns "
            "WHERE table_schema = DATABASE() ORDER BY table_name, ordinal_position"));
  std::map<std::string, std::vector<Column>> tables;
  for (const auto& row : found.rows)
    tables[std::get<std::string>(row[0])].push_back({std::get<std::string>(row[1]),
                                                     std::get<std::string>(row[2]),
                                                     std::get<std::int64_t>(row[3]) != 0});
  return tables;
}

// All rows. Ids that the database gave leave gaps where a transaction was undone.
std::vector<std::string> rows_of(Connection& connection, SqlDialect kind) {
  std::vector<std::string> all;
  for (const auto& [table, columns] : tables_of(connection, kind)) {
    std::string shown = "1";
    for (const Column& column : columns) shown += column.counts_itself ? "" : ", " + column.name;
    for (const auto& line : lines(connection, fmt::format("SELECT {} FROM {}", shown, table)))
      all.push_back(table + ": " + line);
  }
  return all;
}

SqlValue sample(const Column& column, std::int64_t row) {
  if (column.type.find("int") != std::string::npos) return row;
  if (column.type == "real" || column.type == "double") return static_cast<double>(row) + 0.5;
  return fmt::format(R"({{"n": {}}})", row);  // a document where one is wanted, else just a text
}

// Puts two rows into each table that has none. What refers to rows of other tables comes after
// them, which is found out by trying.
void fill(Connection& connection, SqlDialect kind) {
  bool goes_on = true;
  std::set<std::string> done;
  while (goes_on) {
    goes_on = false;
    for (const auto& [table, columns] : tables_of(connection, kind)) {
      if (done.contains(table) || !lines(connection, "SELECT 1 FROM " + table).empty()) continue;
      std::string names, marks;
      for (const Column& column : columns) {
        names += (names.empty() ? "" : ", ") + column.name;
        marks += marks.empty() ? "?" : ", ?";
      }
      const auto insert = fmt::format("INSERT INTO {} ({}) VALUES ({})", table, names, marks);
      bool is_taken = true;
      for (std::int64_t row = 1; row <= 2 && is_taken; ++row) {
        std::vector<SqlValue> values;
        for (const Column& column : columns) values.push_back(sample(column, row));
        is_taken = connection.execute(insert, values).ok();
      }
      if (!is_taken) continue;
      done.insert(table);
      goes_on = true;
    }
  }
}

// The parts as they were in the order in which a new database gets them: each with one migration
// more than the one before.
std::vector<Parts> history(const Parts& parts) {
  std::vector<Parts> versions;
  Parts so_far = parts;
  for (CatalogPart& part : so_far) part.migrations.clear();
  for (std::size_t i = 0; i < parts.size(); ++i) {
    for (const Migration& migration : parts[i].migrations) {
      so_far[i].migrations.push_back(migration);
      versions.push_back(so_far);
    }
  }
  return versions;
}

std::size_t noted(const CatalogPlace& place) {
  const auto connection = place.connect();
  const auto rows = connection->query("SELECT part, step FROM schema_migrations");
  return rows.ok() ? rows->rows.size() : 0;  // no table yet
}

// Returns how often a migration to these parts was cut off until it was through; an error that is
// not a lost connection fails the migration as a whole.
Result<int> migrate_in_pieces(const CatalogPlace& place, SqlDialect kind, const Parts& parts,
                              const Clock& clock) {
  int interruptions = 0;
  auto before = noted(place);
  for (int calls = 0;; ++calls) {
    EndingConnection connection{place, kind, calls};
    auto done = migrate(connection, kind, parts, clock);
    if (!connection.has_ended()) {
      MR_CHECK(std::move(done));
      return interruptions;
    }
    ++interruptions;
    if (!done.ok() && done.error().code != Code::Unavailable) return std::move(done).error();
    const auto now = noted(place);
    if (now > before) calls = -1;
    before = now;
  }
}

struct State {
  std::vector<std::string> schema, rows;
};

State state_of(const CatalogPlace& place, SqlDialect kind) {
  const auto connection = place.connect();
  return {schema_of(*connection, kind), rows_of(*connection, kind)};
}

void check_same(const std::vector<std::string>& found, const std::vector<std::string>& expected) {
  std::vector<std::string> lost, added;
  std::set_difference(expected.begin(), expected.end(), found.begin(), found.end(),
                      std::back_inserter(lost));
  std::set_difference(found.begin(), found.end(), expected.begin(), expected.end(),
                      std::back_inserter(added));
  CHECK(lost == std::vector<std::string>{});
  CHECK(added == std::vector<std::string>{});
}

Parts pets(std::vector<MigrationStep> later) {
  return {{"pets",
           {},
           {{1,
             "pets",
             {MigrationStep::statement(
                 "CREATE TABLE IF NOT EXISTS pets (id {id}, name {key 50} NOT NULL) {options}")}},
            {2, "more", std::move(later)}},
           {}}};
}

}  // namespace

TEST_CASE("migrations that are cut off at every statement come to the same end",
          "[catalog][migrations]") {
  const auto kind = GENERATE(SqlDialect::Sqlite, SqlDialect::MySql);
  const ManualClock clock;
  const CatalogPlace whole{kind};
  const CatalogPlace pieces{kind};
  std::size_t steps = 0;
  int interruptions = 0;
  for (const Parts& parts : history(catalog_parts())) {
    must(migrate(*whole.connect(), kind, parts, clock));
    interruptions += must(migrate_in_pieces(pieces, kind, parts, clock));
    const auto expected = state_of(whole, kind);
    const auto found = state_of(pieces, kind);
    check_same(found.schema, expected.schema);
    check_same(found.rows, expected.rows);
    for (const CatalogPlace* place : {&whole, &pieces}) fill(*place->connect(), kind);
    steps = noted(whole);
  }
  // Begin, the step, its note, commit: each was the last at least once.
  CHECK(interruptions >= static_cast<int>(4 * steps));
  // There was something to migrate: rows of models, and what later steps made of them.
  const auto rows = state_of(whole, kind).rows;
  for (const char* table : {"users: ", "models: ", "model_values: "})
    CHECK(std::any_of(rows.begin(), rows.end(),
                      [&](const auto& row) { return row.starts_with(table); }));
  // It is the schema that the catalog opens with, and nothing is left to do.
  const auto opened = Catalog::open(pieces.settings(), clock);
  CHECK(opened.ok());
  CHECK(noted(pieces) == steps);
}

TEST_CASE("a data step that was cut off fills its rows once", "[catalog][migrations]") {
  const auto kind = GENERATE(SqlDialect::Sqlite, SqlDialect::MySql);
  const ManualClock clock;
  const CatalogPlace place{kind};
  const auto parts =
      pets({MigrationStep::statement("INSERT INTO pets (name) SELECT name FROM pets"),
            MigrationStep::statement("UPDATE pets SET name = 'Hansi'")});
  must(migrate(*place.connect(), kind, history(parts).front(), clock));
  must(place.connect()->execute("INSERT INTO pets (name) VALUES (?)", {std::string{"Mauzi"}}));
  CHECK(must(migrate_in_pieces(place, kind, parts, clock)) >= 8);
  CHECK(lines(*place.connect(), "SELECT name FROM pets") ==
        std::vector<std::string>{"'Hansi' | ", "'Hansi' | "});
}

TEST_CASE("a step that cannot be done again is found out by cutting it off",
          "[catalog][migrations]") {
  const ManualClock clock;
  const CatalogPlace place{SqlDialect::MySql};  // commits such a step before its note
  const auto careless =
      pets({MigrationStep::statement("ALTER TABLE pets ADD COLUMN legs {integer}")});
  CHECK_FALSE(migrate_in_pieces(place, SqlDialect::MySql, careless, clock).ok());
  const CatalogPlace other{SqlDialect::MySql};
  const auto careful = pets({MigrationStep::column("pets", "legs", "{integer}")});
  CHECK(migrate_in_pieces(other, SqlDialect::MySql, careful, clock).ok());
}
