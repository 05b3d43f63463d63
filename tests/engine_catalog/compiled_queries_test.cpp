#include "engine/catalog/compiled_queries.hpp"

#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "tests/engine_catalog/filled.hpp"

using namespace millrace;
using test::must;

namespace {

Json condition(std::string_view column, std::string_view op, Json value) {
  return Json{{"column", column}, {"op", op}, {"value", std::move(value)}};
}

Json jobs(Json where, Json more = Json::object()) {
  more["entity"] = "jobs";
  more["where"] = std::move(where);
  return more;
}

// What is kept answers as if it were compiled anew.
void check_alike(CompiledQueries& queries, const Json& query, std::string_view owner = {}) {
  CAPTURE(query.dump(), owner);
  const auto wanted = compile_query(query, owner);
  const auto made = queries.compile(query, owner);
  REQUIRE(made.ok() == wanted.ok());
  if (!made.ok()) {
    CHECK(made.error().message == wanted.error().message);
    CHECK(made.error().code == wanted.error().code);
    CHECK(made.error().field == wanted.error().field);
    return;
  }
  CHECK(made->question.sql == wanted->question.sql);
  CHECK(made->question.values == wanted->question.values);
  CHECK(made->columns == wanted->columns);
  CHECK(made->entity == wanted->entity);
  CHECK(made->told == wanted->told);
  CHECK(made->counts == wanted->counts);
  CHECK(made->is_settled == wanted->is_settled);
  CHECK(made->page.limit == wanted->page.limit);
  CHECK(made->page.rows.values == wanted->page.rows.values);
  CHECK(made->next.has_value() == wanted->next.has_value());
  CHECK(made->password == wanted->password);
}

}  // namespace

TEST_CASE("queries that differ in the values they compare with are compiled once",
          "[catalog][query]") {
  CompiledQueries queries;
  for (const std::int64_t id : {7, 8, -1}) {
    for (const std::string_view owner : {"", "ada", "bob"}) {
      check_alike(queries, jobs({condition("id", "=", id)}, {{"limit", 1}}), owner);
      check_alike(queries, jobs({condition("id", "<", id), condition("state", "!=", "queued")}),
                  owner);
      check_alike(queries, {{"entity", "models"}, {"where", {condition("id", ">=", id)}}}, owner);
      check_alike(queries,
                  {{"entity", "projects"},
                   {"columns", {"facets", "name"}},
                   {"where", {condition("name", ">", "n" + std::to_string(id))}},
                   {"order", {"-name"}},
                   {"limit", 1}},
                  owner);
    }
  }
}

TEST_CASE("queries that differ in more are told apart", "[catalog][query]") {
  CompiledQueries queries;
  const auto id = condition("id", "=", 7);
  const std::vector<Json> all{
      jobs({id}),
      jobs({id, id}),
      jobs(Json::array()),
      jobs({id}, {{"limit", 1}}),
      jobs({id}, {{"limit", 11}}),
      jobs({id}, {{"offset", 1}}),
      jobs({id}, {{"count", true}}),
      jobs({id}, {{"after", Json::array()}}),
      jobs({id}, {{"columns", {"id"}}}),
      jobs({id}, {{"columns", {"name", "id"}}}),
      jobs({id}, {{"columns", {"id"}}, {"order", {"name"}}}),
      jobs({id}, {{"columns", {"id", "name"}}}),
      jobs({condition("id", "!=", 7)}),
      jobs({condition("id", "in", {7, 8})}),
      jobs({condition("id", "in", {7})}),
      jobs({condition("result", "is_null", false)}),
      jobs({condition("result", "is_null", true)}),
      jobs({condition("name", "like", "a%")}),
      jobs({condition("priority", "=", 7)}),
      jobs({condition("started", ">", 7)}),
      {{"entity", "job_events"}, {"where", {condition("job", "=", 7)}}},
      {{"entity", "models"}, {"where", {condition("metrics", "has", "loss")}}},
      {{"entity", "models"}, {"where", {condition("name", "contains", "a")}}, {"limit", 20}},
      {{"entity", "tags"}, {"where", {condition("id", "<", 7)}}, {"settled", true}, {"limit", 1}},
      {{"entity", "users"}, {"where", {condition("password", "verify", "secret")}}},
  };
  for (int round = 0; round < 2; ++round) {
    for (const Json& query : all) {
      check_alike(queries, query);
      check_alike(queries, query, "ada");
    }
  }
}

TEST_CASE("a value that does not fit is refused of a query that is known, too",
          "[catalog][query]") {
  CompiledQueries queries;
  for (const Json& value : {Json(7), Json("7"), Json(7.5), Json(true), Json(nullptr), Json(8),
                            Json(18446744073709551615U), Json{1}, Json{{"a", 1}}, Json(9)}) {
    check_alike(queries, jobs({condition("id", "=", value)}));
    check_alike(queries, jobs({condition("name", "=", value)}));
    check_alike(queries, {{"entity", "models"}, {"where", {condition("private", "=", value)}}});
  }
  for (const Json& query : {Json(nullptr),
                            Json::array(),
                            Json::object(),
                            Json{{"entity", 7}},
                            Json{{"entity", "no"}},
                            jobs({Json{{"column", "id"}, {"op", "="}}}),
                            jobs({condition("no", "=", 1)}),
                            jobs({condition("id", "~", 1)}),
                            jobs(7),
                            jobs({7}),
                            jobs({}, {{"limit", 0}}),
                            jobs({}, {{"limit", "1"}}),
                            jobs({}, {{"columns", "id"}}),
                            jobs({}, {{"order", {1}}}),
                            jobs({condition("pipeline", "=", "{}")}),
                            {{"entity", "users"}, {"where", {condition("password", "=", "x")}}}}) {
    check_alike(queries, query);
    check_alike(queries, query);
  }
}

TEST_CASE("more queries than are kept still compile", "[catalog][query][limits]") {
  CompiledQueries queries;
  for (std::size_t limit = 1; limit <= CompiledQueries::kMost + 2; ++limit) {
    for (const std::int64_t id : {1, 2})
      check_alike(queries, jobs({condition("id", "=", id)}, {{"limit", limit}}));
  }
  check_alike(queries, jobs({condition("id", "=", 3)}, {{"limit", 1}}));
  const std::string longest(10'000, 'x');
  check_alike(queries, jobs({condition("name", "=", longest)}, {{"columns", {longest}}}));
}
