// The example pipelines that read a table, as a person runs them.
#include <sstream>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include <millrace/sql/connection.hpp>

#include "engine/base/json.hpp"
#include "tests/tools_millrace/program_fixture.hpp"

using namespace millrace;
using namespace millrace::test;

TEST_CASE("table.json prints a table of SQLite by time", "[tools][sql]") {
  const ProgramFixture fixture;
  sql::Settings settings;
  settings.address.path = fixture.path("posts.sqlite");
  settings.access = sql::Settings::Access::Create;
  const auto connection = sql::connect(settings);
  connection->run("CREATE TABLE posts (id TEXT, author TEXT, post_time DATETIME)");
  connection->run(
      "INSERT INTO posts VALUES ('b', 'Bob', '2021-01-01 10:00:00'), "
      "('a', 'Ann', '2021-01-01 10:00:00'), ('c', NULL, '2020-12-31 23:59:59'), "
      "('d', NULL, '2021-01-05 00:00:00'), ('e', 'Eve', '2021-02-01 00:00:00')");
  // The same whether the planner's reader reads ranges by the index or one query reads all.
  for (const bool has_index : {false, true}) {
    if (has_index) connection->run("CREATE INDEX by_time ON posts (post_time)");
    const auto ran = fixture.run(
        {"run", std::string{MR_SOURCE_DIR} + "/pipelines/examples/table.json", "--data", "data",
         "--connection", "data=sqlite:" + settings.address.path, "--set", "table=posts", "--set",
         "time=post_time", "--set", "id=id", "--set", "from=2021-01-01", "--set", "to=2021-02-01"});
    INFO(ran.errors);
    REQUIRE(ran.exit_code == 0);
    std::string ids;
    std::istringstream lines{ran.output};
    for (std::string line; std::getline(lines, line);)
      ids += Json::parse(line).at("id").get<std::string>();
    CHECK(ids == "abd");
  }
}

TEST_CASE("join_tables.json prints rows with those that they refer to", "[tools][sql]") {
  const ProgramFixture fixture;
  sql::Settings settings;
  settings.address.path = fixture.path("shop.sqlite");
  settings.access = sql::Settings::Access::Create;
  const auto connection = sql::connect(settings);
  connection->run("CREATE TABLE orders (number INTEGER, customer INTEGER)");
  connection->run("INSERT INTO orders VALUES (1, 7), (2, 5), (3, NULL), (4, 7), (5, 9)");
  connection->run("CREATE TABLE customers (id INTEGER PRIMARY KEY, name TEXT)");
  connection->run("INSERT INTO customers VALUES (5, 'Ann'), (7, 'Bob')");
  const auto ran = fixture.run(
      {"run", std::string{MR_SOURCE_DIR} + "/pipelines/examples/join_tables.json", "--data", "data",
       "--connection", "data=sqlite:" + settings.address.path, "--set", "table=orders", "--set",
       "refers=customer", "--set", "other=customers", "--set", "key=id"});
  INFO(ran.errors);
  REQUIRE(ran.exit_code == 0);
  std::string found;
  std::istringstream lines{ran.output};
  for (std::string line; std::getline(lines, line);) {
    const Json row = Json::parse(line);
    found += row.at("customer").dump() + row.at("name").dump() + " ";
  }
  CHECK(found == R"(nullnull 5"Ann" 7"Bob" 7"Bob" 9null )");
}
