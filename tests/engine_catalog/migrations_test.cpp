#include "engine/catalog/migrations.hpp"

#include <catch2/catch.hpp>

#include "tests/fixtures/catalog_place.hpp"

using namespace millrace;
using test::CatalogPlace;
using test::must;

namespace {

const auto statement = MigrationStep::statement;
const auto index = MigrationStep::index;
const auto column = MigrationStep::column;

std::vector<CatalogPart> first_version() {
  return {
      {"pets",
       {},
       {{1,
         "pets",
         {statement("CREATE TABLE IF NOT EXISTS pets (id {id}, name {key 50} NOT NULL) {options}"),
          index("pets", "pets_name", "UNIQUE (name)")}}},
       {}}};
}

std::vector<CatalogPart> second_version() {
  auto parts = first_version();
  parts[0].migrations.push_back({2,
                                 "legs",
                                 {column("pets", "legs", "{integer}"),
                                  statement("UPDATE pets SET legs = 4 WHERE legs IS NULL")}});
  return parts;
}

std::int64_t number(Connection& connection, const std::string& sql) {
  return std::get<std::int64_t>(must(connection.query(sql)).rows.at(0).at(0));
}

}  // namespace

TEST_CASE("a database is brought from any version to the newest, once", "[catalog][migrations]") {
  const auto kind = GENERATE(SqlDialect::Sqlite, SqlDialect::MySql);
  const CatalogPlace place{kind};
  const auto connection = place.connect();
  must(migrate(*connection, kind, first_version(), system_clock()));
  must(connection->execute("INSERT INTO pets (name) VALUES (?)", {std::string{"Mauzi"}}));
  must(migrate(*connection, kind, second_version(), system_clock()));
  CHECK(number(*connection, "SELECT legs FROM pets") == 4);
  must(connection->execute("UPDATE pets SET legs = 3"));
  must(migrate(*connection, kind, second_version(), system_clock()));
  CHECK(number(*connection, "SELECT legs FROM pets") == 3);
  CHECK(number(*connection, "SELECT COUNT(*) FROM schema_migrations") == 4);
}

TEST_CASE("a migration that stopped in the middle goes on where it was", "[catalog][migrations]") {
  const auto kind = GENERATE(SqlDialect::Sqlite, SqlDialect::MySql);
  const CatalogPlace place{kind};
  const auto connection = place.connect();
  must(migrate(*connection, kind, first_version(), system_clock()));
  must(connection->execute("INSERT INTO pets (name) VALUES (?)", {std::string{"Mauzi"}}));
  auto broken = second_version();
  broken[0].migrations[1].steps[1] = statement("UPDATE pets SET wings = 4");
  const auto stopped = migrate(*connection, kind, broken, system_clock());
  REQUIRE_FALSE(stopped.ok());
  CHECK(stopped.error().message.find("pets to version 2, step 2") != std::string::npos);
  CHECK(number(*connection, "SELECT COUNT(*) FROM schema_migrations") == 3);
  must(migrate(*connection, kind, second_version(), system_clock()));
  CHECK(number(*connection, "SELECT legs FROM pets") == 4);
}

TEST_CASE("steps that were done but not noted down run again without harm",
          "[catalog][migrations]") {
  const auto kind = GENERATE(SqlDialect::Sqlite, SqlDialect::MySql);
  const CatalogPlace place{kind};
  const auto connection = place.connect();
  must(migrate(*connection, kind, second_version(), system_clock()));
  must(connection->execute("INSERT INTO pets (name, legs) VALUES (?, 2)", {std::string{"Hansi"}}));
  must(connection->execute("DELETE FROM schema_migrations"));
  must(migrate(*connection, kind, second_version(), system_clock()));
  CHECK(number(*connection, "SELECT legs FROM pets") == 2);
  CHECK(number(*connection, "SELECT COUNT(*) FROM schema_migrations") == 4);
}

TEST_CASE("a schema that is newer than the program is refused and not touched",
          "[catalog][migrations]") {
  const auto kind = GENERATE(SqlDialect::Sqlite, SqlDialect::MySql);
  const CatalogPlace place{kind};
  const auto connection = place.connect();
  must(migrate(*connection, kind, second_version(), system_clock()));
  for (const auto& older : {first_version(), std::vector<CatalogPart>{}}) {
    const auto refused = migrate(*connection, kind, older, system_clock());
    REQUIRE_FALSE(refused.ok());
    CHECK(refused.error().code == Code::Conflict);
    CHECK(refused.error().message.find("newer than this program: pets is at version 2") !=
          std::string::npos);
  }
  CHECK(number(*connection, "SELECT COUNT(*) FROM schema_migrations") == 4);
}

TEST_CASE("a catalog opens a second time with what it held", "[catalog][migrations]") {
  const auto kind = GENERATE(SqlDialect::Sqlite, SqlDialect::MySql);
  const CatalogPlace place{kind};
  must(place.open()->write_and_wait([](Connection& connection) -> Result<void> {
    MR_CHECK(connection.execute(
        "INSERT INTO aliases (dialect, kind, external_id, internal_id) VALUES ('d', 'k', 'x', 7)"));
    return {};
  }));
  const auto rows = must(place.open()->query(Json{{"entity", "aliases"}}));
  REQUIRE(rows.rows() == 1);
  CHECK(rows.column<std::int64_t>("internal_id").value(0) == 7);
}
