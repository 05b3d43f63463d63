#include "engine/catalog/part.hpp"

#include <set>

#include <catch2/catch.hpp>

#include "engine/catalog/sql_spelling.hpp"
#include "tests/fixtures/catalog_place.hpp"

using namespace millrace;
using test::CatalogPlace;
using test::must;

TEST_CASE("every column that a query may name exists in the database", "[catalog][schema]") {
  const auto kind = GENERATE(SqlDialect::Sqlite, SqlDialect::MySql);
  const CatalogPlace place{kind};
  const auto catalog = place.open();
  for (const CatalogPart& part : catalog_parts()) {
    for (const Entity& entity : part.entities) {
      INFO(entity.name);
      CHECK(catalog->query(Json{{"entity", entity.name}}).ok());
      CHECK(catalog->query(Json{{"entity", entity.name}}, "somebody").ok());
    }
  }
}

TEST_CASE("versions of a part have no gap and names are not used twice", "[catalog][schema]") {
  std::set<std::string_view> parts, entities;
  for (const CatalogPart& part : catalog_parts()) {
    INFO(part.name);
    CHECK(parts.insert(part.name).second);
    for (std::size_t i = 0; i < part.migrations.size(); ++i) {
      CHECK(part.migrations[i].version == static_cast<int>(i) + 1);
      CHECK_FALSE(part.migrations[i].steps.empty());
    }
    for (const Entity& entity : part.entities) {
      CHECK(entities.insert(entity.name).second);
      CHECK_FALSE(entity.key.empty());
      std::set<std::string_view> columns;
      for (const EntityColumn& column : entity.columns) CHECK(columns.insert(column.name).second);
      for (const auto key : entity.key) CHECK(columns.contains(key));
    }
  }
  CHECK(parts.contains("jobs"));
  CHECK(find_entity("jobs") != nullptr);
  CHECK(find_entity("nothing") == nullptr);
}

TEST_CASE("a column that names contents is one of a table, and holds their names only",
          "[catalog][schema]") {
  std::set<std::string> found;
  for (const CatalogPart& part : catalog_parts()) {
    for (const Entity& entity : part.entities) {
      for (const EntityColumn& column : entity.columns) {
        if (!column.rules.is_content) continue;
        INFO(entity.name << "." << column.name);
        CHECK(column.rules.is_sha256);
        // Whoever looks who names a content asks the table itself.
        CHECK(entity.table.find(' ') == std::string_view::npos);
        CHECK(column.column.find('(') == std::string_view::npos);
        found.insert(std::string{entity.name}.append(".").append(column.name));
      }
    }
  }
  CHECK(found.contains("models.file_sha256"));
}

TEST_CASE("a part stands behind those it comes after", "[catalog][schema]") {
  const auto ordered = in_order({{"a", {"c"}, {}, {}}, {"b", {}, {}, {}}, {"c", {"b"}, {}, {}}});
  REQUIRE(ordered.size() == 3);
  CHECK(ordered[0].name == "b");
  CHECK(ordered[1].name == "c");
  CHECK(ordered[2].name == "a");
}

TEST_CASE("the words of the schema text are spelt for each database, and no other word",
          "[catalog][schema]") {
  const auto sqlite = SqlSpelling::sqlite();
  const auto mariadb = SqlSpelling::mysql("10.11.19-MariaDB-0+deb12u1");
  const auto mysql = SqlSpelling::mysql("8.0.36");
  CHECK(must(sqlite.spell("a {key 9} b {integer}")) == "a TEXT b INTEGER");
  CHECK(must(mariadb.spell("a {key 9} b {integer}")) == "a VARCHAR(9) b BIGINT");
  CHECK(must(mariadb.spell("{options}")).find("utf8mb4_nopad_bin") != std::string::npos);
  CHECK(must(mysql.spell("{clustered}")).find("utf8mb4_0900_bin") != std::string::npos);
  for (const char* text : {"{unknown}", "{key}", "{key x}", "{key 0}", "{id"})
    CHECK_FALSE(sqlite.spell(text).ok());
}
