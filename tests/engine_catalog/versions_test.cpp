#include <algorithm>
#include <string>

#include <catch2/catch.hpp>

#include "engine/catalog/migrations.hpp"
#include "engine/catalog/part.hpp"
#include "tests/engine_catalog/filled.hpp"

using namespace millrace;
using test::Filled;
using test::kAsker;
using test::must;
using test::where;

namespace {

// "1:1 3:2": models and their versions.
std::string versions(Filled& rows, std::string_view name, std::int64_t project = 1,
                     std::string_view owner = {}) {
  Json named = where("name", "=", name);
  named.push_back(where("project_id", "=", project)[0]);
  const Batch found = rows.query("model_versions", named, owner);
  std::string out;
  for (std::int64_t row = 0; row < found.rows(); ++row) {
    out += (out.empty() ? "" : " ") +
           std::to_string(found.column<std::int64_t>("model_id").value(row)) + ":" +
           std::to_string(found.column<std::int64_t>("version").value(row));
  }
  return out;
}

void set(Filled& rows, std::int64_t model, Json columns) {
  must(rows.change("update", "models", {{"id", model}, {"set", std::move(columns)}}));
}

}  // namespace

TEST_CASE("models of one name are numbered, and no number is used twice", "[catalog][versions]") {
  Filled rows{GENERATE(SqlDialect::Sqlite, SqlDialect::MySql)};
  rows.insert("projects", {{"name", "Other"}, {"workspace_id", 1}});
  rows.model("lenet");
  rows.model("lenet");
  rows.model("Lenet");
  rows.model("lenet ");
  rows.model("lenet", Json::object(), {{"project_id", 2}});
  CHECK(versions(rows, "lenet") == "1:1 2:2");
  CHECK(versions(rows, "Lenet") == "3:1");
  CHECK(versions(rows, "lenet ") == "4:1");
  CHECK(versions(rows, "lenet", 2) == "5:1");
  must(rows.change("delete", "models", {{"id", 2}}));
  rows.model("lenet");
  CHECK(versions(rows, "lenet") == "1:1 6:3");
  CHECK(rows.query("models", where("id", "=", 6)).column<std::int64_t>("version").value(0) == 3);
}

TEST_CASE("another name or project is another number, anything else is not",
          "[catalog][versions]") {
  Filled rows{GENERATE(SqlDialect::Sqlite, SqlDialect::MySql)};
  rows.insert("projects", {{"name", "Other"}, {"workspace_id", 1}});
  const auto model = rows.model("a");
  set(rows, model, {{"metrics", {{"acc", 1}}}, {"name", "a"}, {"private", true}});
  CHECK(versions(rows, "a") == "1:1");
  set(rows, model, {{"name", "b"}});
  CHECK(versions(rows, "a").empty());
  CHECK(versions(rows, "b") == "1:1");
  set(rows, model, {{"name", "a"}});
  CHECK(versions(rows, "a") == "1:2");
  set(rows, model, {{"project_id", 2}});
  CHECK(versions(rows, "a").empty());
  CHECK(versions(rows, "a", 2) == "1:1");
  for (const Json& nothing : {Json(nullptr), Json("")}) {
    set(rows, model, {{"name", nothing}});
    CHECK(rows.query("model_versions").rows() == 0);
    CHECK_FALSE(rows.query("models").column<std::int64_t>("version")[0].has_value());
  }
}

TEST_CASE("a model leads to all versions of its name, as far as they are seen",
          "[catalog][versions]") {
  Filled rows{GENERATE(SqlDialect::Sqlite, SqlDialect::MySql)};
  rows.model("a");
  rows.model("b");
  rows.model("a", Json::object(), {{"private", true}});
  const auto seen = [&](std::string_view owner) {
    const Batch found = rows.query("versions_of_model", where("model", "=", 1), owner);
    std::string out;
    for (std::int64_t row = 0; row < found.rows(); ++row)
      out += std::to_string(found.column<std::int64_t>("version").value(row));
    return out;
  };
  CHECK(seen("") == "12");
  CHECK(seen("1") == "12");
  CHECK(seen("7") == "1");
  CHECK(versions(rows, "a", 1, "7") == "1:1");
}

TEST_CASE("models that were there before are numbered in the order they came",
          "[catalog][versions]") {
  const auto kind = GENERATE(SqlDialect::Sqlite, SqlDialect::MySql);
  const test::CatalogPlace place{kind};
  const auto connection = place.connect();
  std::vector<CatalogPart> before, after = catalog_parts();
  for (const auto& part : after) {
    const bool needs_it = std::count(part.after.begin(), part.after.end(), "versions") > 0;
    if (part.name != "versions" && !needs_it) before.push_back(part);
  }
  must(migrate(*connection, kind, before, system_clock()));
  const auto run = [&](const std::string& sql) { must(connection->execute(sql)); };
  run("INSERT INTO users (login, login_folded, password, is_admin, created_us, updated_us) VALUES "
      "('u', 'u', '', 0, 1, 1)");
  run("INSERT INTO workspaces (name, name_folded, created_us, updated_us) VALUES ('w', 'w', 1, 1)");
  run("INSERT INTO projects (workspace_id, name, name_folded, created_us, updated_us) VALUES "
      "(1, 'p', 'p', 1, 1)");
  for (const char* name : {"'a'", "'A'", "'a'", "NULL", "''", "'a'"}) {
    run(std::string{"INSERT INTO models (user_id, project_id, name, name_folded, private, "
                    "hyperparameters, parameters, metrics, created_us, updated_us) VALUES "
                    "(1, 1, "} +
        name + ", '', 0, '{}', '{}', '{}', 1, 1)");
  }
  must(migrate(*connection, kind, after, system_clock()));
  const auto numbers =
      must(connection->query("SELECT model_id, number FROM model_versions ORDER BY model_id"));
  using Row = std::vector<SqlValue>;
  const auto pair = [](std::int64_t model, std::int64_t number) { return Row{model, number}; };
  CHECK(numbers.rows == std::vector<Row>{pair(1, 1), pair(2, 1), pair(3, 2), pair(6, 3)});
  const auto last = must(connection->query("SELECT last FROM version_counters WHERE name = 'a'"));
  CHECK(last.rows == std::vector<Row>{{std::int64_t{3}}});
}

TEST_CASE("a model tells by what it was made", "[catalog][lineage]") {
  Filled rows{GENERATE(SqlDialect::Sqlite, SqlDialect::MySql)};
  must(rows.catalog->write_and_wait([](Connection& connection) -> Result<void> {
    MR_CHECK(connection.execute(
        "INSERT INTO jobs (dialect, owner, queue, name, priority, state, stop_reason, created_us, "
        "started_us, finished_us, updated_us, not_before_us, deadline_us, attempt, failures, "
        "crashes, "
        "max_attempts, token, lease_holder, lease_until_us, last_event, pipeline, rights) VALUES "
        "('engine', '', 'default', 'train', 0, 'running', 'none', 1, 1, 0, 1, 0, 0, 1, 0, 0, 3, 1, "
        "'', 0, 0, '{}', '{}')"));
    return {};
  }));
  const std::string digits(64, 'a');
  const Asker job{.owner = {}, .name = "job 1", .origin = {1, "train lenet", digits}};
  Json columns{{"name", "a"}, {"user_id", 1}, {"project_id", 1}};
  const auto insert = [&](const Asker& asker) {
    return rows.change("insert", "models", {{"set", columns}}, asker);
  };
  const auto text = [](const Batch& row, std::string_view column) {
    return std::string{row.column<std::string_view>(column).value(0, "none")};
  };

  const Batch made = must(insert(job));
  CHECK(made.column<std::int64_t>("job_id").value(0) == 1);
  CHECK(text(made, "pipeline_name") == "train lenet");
  CHECK(text(made, "pipeline_sha256") == digits);
  CHECK_FALSE(must(insert(kAsker)).column<std::int64_t>("job_id")[0].has_value());

  columns["pipeline_name"] = "by hand";
  columns["dataset_uri"] = "s3://bucket/digits";
  columns["dataset_sha256"] = std::string(64, 'B');
  const Batch told = must(insert(job));
  CHECK(text(told, "pipeline_name") == "by hand");
  CHECK(text(told, "pipeline_sha256") == "none");
  CHECK(text(told, "dataset_sha256") == std::string(64, 'b'));

  const auto refused = [&](Json set, Code code, std::string_view field) {
    const auto result = rows.change("update", "models", {{"id", 1}, {"set", std::move(set)}});
    REQUIRE_FALSE(result.ok());
    CHECK(result.error().code == code);
    CHECK(result.error().field == field);
  };
  refused({{"job_id", 77}}, Code::NotFound, "job_id");
  refused({{"dataset_sha256", std::string(63, 'a')}}, Code::InvalidArgument, "dataset_sha256");
  refused({{"dataset_sha256", std::string(64, 'g')}}, Code::InvalidArgument, "dataset_sha256");
  refused({{"pipeline_name", std::string(256, 'x')}}, Code::InvalidArgument, "pipeline_name");
  refused({{"dataset_uri", std::string(2049, 'x')}}, Code::InvalidArgument, "dataset_uri");
  CHECK(rows.query("models", where("job_id", "=", 1)).rows() == 2);
}
