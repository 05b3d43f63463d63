#include "engine/catalog/query.hpp"

#include <catch2/catch.hpp>

#include "engine/catalog/catalog.hpp"
#include "tests/fixtures/catalog_place.hpp"

using namespace millrace;
using test::CatalogPlace;
using test::must;

namespace {

// Five jobs: ids 1 to 5, owners a and b in turn, only even ones finished, and job 3 with a result.
void fill(Catalog& catalog) {
  must(catalog.write_and_wait([](Connection& connection) -> Result<void> {
    for (std::int64_t i = 1; i <= 5; ++i) {
      MR_CHECK(connection.execute(
          "INSERT INTO jobs (dialect, external_id, owner, queue, name, priority, state, "
          "stop_reason, created_us, "
          "started_us, finished_us, updated_us, not_before_us, deadline_us, attempt, failures, "
          "crashes, max_attempts, "
          "token, lease_holder, lease_until_us, last_event, pipeline, rights, result) VALUES "
          "('engine', ?, ?, 'default', ?, ?, ?, 'none', ?, 0, ?, 0, 0, 0, 0, 0, 0, 3, 0, '', 0, 0, "
          "'{}', '{}', ?)",
          {std::to_string(i), std::string{i % 2 == 0 ? "a" : "b"},
           std::string{"100% job_"} + std::to_string(i), i / 3,
           std::string{i % 2 == 0 ? "finished" : "queued"}, i * 1000,
           i % 2 == 0 ? i * 2000 : std::int64_t{0},
           i == 3 ? SqlValue{std::string{R"({"rows":7})"}} : SqlValue{nullptr}}));
    }
    MR_CHECK(connection.execute(
        "INSERT INTO job_events (job_id, sequence, time_us, kind) VALUES (1, 1, 5, 'queued')"));
    MR_CHECK(connection.execute(
        "INSERT INTO job_events (job_id, sequence, time_us, kind) VALUES (2, 1, 5, 'queued')"));
    return {};
  }));
}

std::vector<std::int64_t> ids(Catalog& catalog, Json query, std::string_view owner = {}) {
  query["entity"] = "jobs";
  query["columns"] = {"id"};
  const Batch rows = must(catalog.query(query, owner));
  std::vector<std::int64_t> found;
  const auto column = rows.column<std::int64_t>("id");
  for (std::int64_t row = 0; row < rows.rows(); ++row) found.push_back(column.value(row));
  return found;
}

Json where(std::string column, std::string op, Json value) {
  return Json{{"where", Json::array({Json{{"column", column}, {"op", op}, {"value", value}}})}};
}

using Ids = std::vector<std::int64_t>;

}  // namespace

TEST_CASE("conditions, order and window choose rows", "[catalog][query]") {
  const auto kind = GENERATE(SqlDialect::Sqlite, SqlDialect::MySql);
  const CatalogPlace place{kind};
  const auto catalog = place.open();
  fill(*catalog);
  CHECK(ids(*catalog, Json::object()) == Ids{1, 2, 3, 4, 5});
  CHECK(ids(*catalog, where("id", "=", 3)) == Ids{3});
  CHECK(ids(*catalog, where("id", "!=", 3)) == Ids{1, 2, 4, 5});
  CHECK(ids(*catalog, where("id", "<", 3)) == Ids{1, 2});
  CHECK(ids(*catalog, where("created", "<=", 3000)) == Ids{1, 2, 3});
  CHECK(ids(*catalog, where("id", ">", 3)) == Ids{4, 5});
  CHECK(ids(*catalog, where("id", ">=", 3)) == Ids{3, 4, 5});
  CHECK(ids(*catalog, where("state", "in", {"finished", "failed"})) == Ids{2, 4});
  CHECK(ids(*catalog, where("id", "in", Json::array())).empty());
  CHECK(ids(*catalog, where("name", "like", "100!% job!__")) == Ids{1, 2, 3, 4, 5});
  CHECK(ids(*catalog, where("name", "like", "%5")) == Ids{5});
  CHECK(ids(*catalog, where("name", "like", "100!%_JOB%")).empty());
  CHECK(ids(*catalog, where("result", "is_null", false)) == Ids{3});
  CHECK(ids(*catalog, where("finished", "is_null", true)) == Ids{1, 3, 5});
  CHECK(ids(*catalog, where("finished", "<", 5000)) == Ids{2});
  CHECK(ids(*catalog, Json{{"order", {"-id"}}, {"limit", 2}, {"offset", 1}}) == Ids{4, 3});
  CHECK(ids(*catalog, Json{{"order", {"priority"}}}) == Ids{1, 2, 3, 4, 5});
  CHECK(ids(*catalog, Json{{"order", {"-priority"}}}) == Ids{5, 4, 3, 2, 1});
  auto both = where("state", "=", "queued");
  both["where"].push_back({{"column", "id"}, {"op", ">"}, {"value", 1}});
  CHECK(ids(*catalog, both) == Ids{3, 5});
}

TEST_CASE("an owner sees only rows of its own, and what lies below them", "[catalog][query]") {
  const auto kind = GENERATE(SqlDialect::Sqlite, SqlDialect::MySql);
  const CatalogPlace place{kind};
  const auto catalog = place.open();
  fill(*catalog);
  CHECK(ids(*catalog, Json::object(), "a") == Ids{2, 4});
  CHECK(ids(*catalog, where("id", "=", 1), "a").empty());
  CHECK(ids(*catalog, Json::object(), "nobody").empty());
  CHECK(must(catalog->query(Json{{"entity", "job_events"}})).rows() == 2);
  const Batch events = must(catalog->query(Json{{"entity", "job_events"}}, "a"));
  REQUIRE(events.rows() == 1);
  CHECK(events.column<std::int64_t>("job").value(0) == 2);
}

TEST_CASE("columns have the types of the entity, and what is not there is null",
          "[catalog][query]") {
  const auto kind = GENERATE(SqlDialect::Sqlite, SqlDialect::MySql);
  const CatalogPlace place{kind};
  const auto catalog = place.open();
  SECTION("also when there are no rows") {
    const Batch none = must(catalog->query(Json{{"entity", "jobs"}}));
    CHECK(none.rows() == 0);
    CHECK(none.schema().size() == find_entity("jobs")->columns.size());
  }
  fill(*catalog);
  const Batch rows = must(catalog->query(Json{{"entity", "jobs"},
                                              {"columns", {"finished", "id", "result", "created"}},
                                              {"order", {"id"}}}));
  REQUIRE(rows.rows() == 5);
  CHECK(rows.schema() == Schema{{"finished", Type::Timestamp},
                                {"id", Type::Int64},
                                {"result", Type::Utf8},
                                {"created", Type::Timestamp}});
  CHECK_FALSE(rows.column<std::int64_t>("finished")[0].has_value());
  CHECK(rows.column<std::int64_t>("finished")[1] == 4000);
  CHECK(rows.column<std::string_view>("result")[2] == R"({"rows":7})");
  CHECK_FALSE(rows.column<std::string_view>("result")[3].has_value());
}

TEST_CASE("a query that is wrong is refused and says what there is instead", "[catalog][query]") {
  const auto refused = [](const char* text) {
    auto compiled = compile_query(Json::parse(text), {});
    INFO(text);
    REQUIRE_FALSE(compiled.ok());
    CHECK(compiled.error().code == Code::InvalidArgument);
    return compiled.error().message;
  };
  CHECK(refused(R"([])").find("object") != std::string::npos);
  CHECK(refused(R"({})").find("entity is missing") != std::string::npos);
  CHECK(refused(R"({"entity": "job"})").find("jobs") != std::string::npos);
  CHECK(refused(R"({"entity": 3})").find("entity") != std::string::npos);
  CHECK(refused(R"({"entity": "jobs", "column": []})").find("column") != std::string::npos);
  CHECK(refused(R"({"entity": "jobs", "columns": []})").find("at least one") != std::string::npos);
  CHECK(refused(R"({"entity": "jobs", "columns": ["rights"]})").find("no column rights") !=
        std::string::npos);
  CHECK(refused(R"({"entity": "jobs", "columns": ["id", "id"]})").find("twice") !=
        std::string::npos);
  CHECK(refused(R"({"entity": "jobs", "columns": ["id FROM users --"]})").find("no column") !=
        std::string::npos);
  CHECK(refused(R"({"entity": "jobs", "where": {"id": 1}})").find("list") != std::string::npos);
  CHECK(refused(R"({"entity": "jobs", "where": [{"column": "id"}]})").find("op") !=
        std::string::npos);
  CHECK(refused(R"({"entity": "jobs", "where": [{"column": "id", "op": "~", "value": 1}]})")
            .find("unknown op") != std::string::npos);
  CHECK(refused(R"({"entity": "jobs", "where": [{"column": "id", "op": "=", "value": "1"}]})")
            .find("integer") != std::string::npos);
  CHECK(
      refused(
          R"({"entity": "jobs", "where": [{"column": "id", "op": "=", "value": 18446744073709551615}]})")
          .find("64-bit") != std::string::npos);
  CHECK(refused(R"({"entity": "jobs", "where": [{"column": "id", "op": "="}]})").find("no value") !=
        std::string::npos);
  CHECK(refused(R"({"entity": "jobs", "where": [{"column": "id", "op": "=", "value": null}]})")
            .find("is_null") != std::string::npos);
  CHECK(refused(R"({"entity": "jobs", "where": [{"column": "id", "op": "is_null", "value": 1}]})")
            .find("true") != std::string::npos);
  CHECK(
      refused(R"({"entity": "jobs", "where": [{"column": "name", "op": "like", "value": "a!b"}]})")
          .find("!") != std::string::npos);
  CHECK(refused(R"({"entity": "jobs", "where": [{"column": "name", "op": "like", "value": "a!"}]})")
            .find("!") != std::string::npos);
  CHECK(
      refused(R"({"entity": "jobs", "where": [{"column": "pipeline", "op": "=", "value": "{}"}]})")
          .find("is_null") != std::string::npos);
  CHECK(
      refused(
          R"({"entity": "jobs", "where": [{"column": "name", "op": "=", "value": "a", "or": 1}]})")
          .find("or") != std::string::npos);
  CHECK(refused(R"({"entity": "jobs", "order": "id"})").find("list") != std::string::npos);
  CHECK(refused(R"({"entity": "jobs", "order": ["+id"]})").find("no column +id") !=
        std::string::npos);
  CHECK(refused(R"({"entity": "jobs", "limit": 0})").find("between") != std::string::npos);
  CHECK(refused(R"({"entity": "jobs", "limit": 10000000})").find("between") != std::string::npos);
  CHECK(refused(R"({"entity": "jobs", "offset": -1})").find("from 0") != std::string::npos);
}

TEST_CASE("values of a query never become SQL", "[catalog][query]") {
  const auto kind = GENERATE(SqlDialect::Sqlite, SqlDialect::MySql);
  const CatalogPlace place{kind};
  const auto catalog = place.open();
  fill(*catalog);
  for (const char* text : {"' OR '1'='1", "\\' OR 1=1 -- ", "a'; DELETE FROM jobs; --"}) {
    CHECK(ids(*catalog, where("owner", "=", text)).empty());
    CHECK(ids(*catalog, where("owner", "in", {text, text})).empty());
    CHECK(ids(*catalog, where("owner", "like", text)).empty());
    CHECK(ids(*catalog, Json::object(), text).empty());
  }
  CHECK(ids(*catalog, Json::object()).size() == 5);
}
