#include <catch2/catch.hpp>

#include <millrace/sql/connection.hpp>

#include "tests/sql/place.hpp"

namespace sql = millrace::sql;
namespace test = millrace::test;
using millrace::sql::Dialect;
using millrace::sql::Type;
using millrace::test::SqlPlace;

TEST_CASE("a database says what a table is made of", "[sql][table]") {
  const SqlPlace place{GENERATE(Dialect::Sqlite, Dialect::MySql)};
  const auto connection = place.connect();
  connection->run(
      "CREATE TABLE t (id VARCHAR(40) NOT NULL, s_id BIGINT NOT NULL, post_time DATETIME, body "
      "VARCHAR(200), score DOUBLE, raw BLOB, PRIMARY KEY (s_id, id))");
  connection->run("CREATE INDEX by_time ON t (post_time, id)");
  connection->run("CREATE UNIQUE INDEX by_score ON t (score)");
  const auto info = connection->describe({"", "t"});
  CHECK_FALSE(info.is_view);
  CHECK(info.is_transactional);
  REQUIRE(info.columns.size() == 6);
  CHECK(info.columns[0].name == "id");
  CHECK(info.columns[0].type == Type::Text);
  CHECK_FALSE(info.columns[0].is_nullable);
  CHECK(info.columns[2].type == Type::DateTime);
  CHECK(info.columns[2].is_nullable);
  CHECK(info.columns[5].type == Type::Bytes);
  REQUIRE(info.column("SCORE") != nullptr);
  CHECK(info.column("score")->type == Type::Real);
  CHECK(info.column("missing") == nullptr);
  CHECK(info.indexes.size() == 3);
  CHECK(info.has_index_on("post_time"));
  CHECK(info.has_index_on("Score"));
  CHECK(info.has_index_on("s_id"));
  CHECK_FALSE(info.has_index_on("id"));
  CHECK_FALSE(info.has_index_on("body"));
  connection->run("CREATE VIEW v AS SELECT id, s_id FROM t");
  const auto view = connection->describe({"", "v"});
  CHECK(view.is_view);
  CHECK(view.columns.size() == 2);
  const auto missing = test::failure_of([&] { connection->describe({"", "nowhere"}); });
  REQUIRE(missing);
  CHECK(missing->code() == sql::Code::NotFound);
  CHECK(std::string{missing->what()}.find("nowhere") != std::string::npos);
  CHECK(test::code_of([&] { connection->describe({"nowhere", "t"}); }) == sql::Code::NotFound);
  CHECK_FALSE(connection->is_read_only());
}

TEST_CASE("tables that cannot roll back, and indexes that give no order, are told",
          "[sql][table][mysql]") {
  const SqlPlace place{Dialect::MySql};
  const auto connection = place.connect();
  connection->run(
      "CREATE TABLE t (a INTEGER, body TEXT, name VARCHAR(100), KEY (name(10)), FULLTEXT KEY "
      "(body)) ENGINE=MyISAM");
  const auto info = connection->describe({place.settings.address.schema, "t"});
  CHECK(info.engine == "MyISAM");
  CHECK_FALSE(info.is_transactional);
  CHECK_FALSE(info.has_index_on("body"));
  CHECK_FALSE(info.has_index_on("name"));
}

TEST_CASE("a server that is read-only says so", "[sql][table][mysql]") {
  const SqlPlace place{Dialect::MySql};
  const auto connection = place.connect();
  connection->run("SET GLOBAL read_only = 1");
  const bool is_told = connection->is_read_only();
  connection->run("SET GLOBAL read_only = 0");
  CHECK(is_told);
}

TEST_CASE("a partial index orders not all rows", "[sql][table]") {
  const SqlPlace place{Dialect::Sqlite};
  const auto connection = place.connect();
  connection->run("CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b TEXT)");
  connection->run("CREATE INDEX some ON t (a) WHERE b IS NOT NULL");
  connection->run("CREATE INDEX lowered ON t (lower(b))");
  const auto info = connection->describe({"", "T"});
  CHECK(info.has_index_on("id"));
  CHECK_FALSE(info.columns[0].is_nullable);
  CHECK_FALSE(info.has_index_on("a"));
  CHECK_FALSE(info.has_index_on("b"));
}
