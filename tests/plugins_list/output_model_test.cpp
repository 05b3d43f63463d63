// The registration of a trained model, with what the catalog is asked.
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "engine/base/json.hpp"
#include "fixture.hpp"

using namespace plugins_list;
using millrace::Json;
using millrace::testing::batch;
using millrace::testing::null;

namespace {

const std::string kSha256(64, 'a');

// A catalog that knows users and projects by these names.
struct Registry {
  std::vector<std::string> users{"admin"}, projects{"loans"}, workspaces{};
  std::vector<Json> changes{};

  void answer(millrace::testing::OperatorHarness& harness) {
    harness.answer_catalog([this](std::string_view text) {
      const auto asked = Json::parse(text);
      if (asked.contains("action")) {
        changes.push_back(asked);
        return batch({{"id", {static_cast<std::int64_t>(100 + changes.size())}}});
      }
      const auto& known = asked["entity"] == "users"      ? users
                          : asked["entity"] == "projects" ? projects
                                                          : workspaces;
      millrace::Builder<std::int64_t> ids;
      for (std::size_t i = 0; i < known.size(); ++i) {
        if (asked["where"][0]["value"] == known[i]) ids.append(static_cast<std::int64_t>(i + 1));
      }
      return millrace::Batch{}.with("id", std::move(ids));
    });
  }
};

millrace::Batch model_row() {
  return batch({{"model", {"blob:" + kSha256}},
                {"file_name", {"term_dict.csv"}},
                {"bytes", {1234}},
                {"rows", {20}},
                {"terms", {7}}});
}

}  // namespace

TEST_CASE("output.model registers a model with its reports as metrics", "[output][model]") {
  auto output = harness(
      "output.model",
      R"({"project": "loans", "user": "admin", "name": "te\"xts", "set": {"dataset_name": "d", "tags": ["a"]}, "metrics": {"cost": 3}})");
  REQUIRE(output.faults().empty());
  Registry registry;
  registry.answer(output);
  REQUIRE(output.push(model_row()).ok());
  REQUIRE(
      output
          .push(batch(
              {{"set", {"dev", null, "test"}},
               {"report",
                {R"({"貸款": {"precision": 0.5, "recall": 1.0, "f1-score": 0.6666666666666666, "support": 4}, "macro avg": {"precision": 0.25}, "accuracy": 0.75})",
                 null, R"({"accuracy": 1.0})"}}}))
          .ok());
  const auto state = output.snapshot();
  REQUIRE(output.restore(state, 2).ok());
  const auto status = output.finish();
  INFO(status.message());
  REQUIRE(status.ok());
  REQUIRE(registry.changes.size() == 1);
  CHECK(registry.changes[0] == Json::parse(R"({"entity": "models", "action": "insert", "set": {
          "file_sha256": ")" + kSha256 + R"(", "file_name": "term_dict.csv", "file_bytes": 1234,
          "user_id": 1, "project_id": 1, "name": "te\"xts", "private": false,
          "parameters": {"rows": 20, "terms": 7},
          "metrics": {"cost": 3, "dev.貸款.precision": 0.5, "dev.貸款.recall": 1, "dev.貸款.f1-score": 0.6666666666666666,
                      "dev.貸款.support": 4, "dev.macro avg.precision": 0.25, "dev.accuracy": 0.75, "test.accuracy": 1},
          "dataset_name": "d", "tags": ["a"]}})"));
  CHECK(output.column<std::int64_t>("id") == std::vector<std::int64_t>{101});
  CHECK(output.results().at("model_id") == "101");
}

TEST_CASE("output.model makes a project only when it is told so", "[output][model]") {
  Registry registry;
  registry.projects = {"twice", "twice"};
  const auto fail = [&](const std::string& params) {
    auto output = harness("output.model", params);
    registry.answer(output);
    REQUIRE(output.push(model_row()).ok());
    const auto status = output.finish();
    CHECK_FALSE(status.ok());
    return status.message();
  };
  CHECK_THAT(fail(R"({"project": "new", "user": "admin"})"), Catch::Contains("`create`"));
  CHECK_THAT(fail(R"({"project": "twice", "user": "admin"})"), Catch::Contains("several"));
  CHECK_THAT(fail(R"({"project": "new", "user": "nobody"})"), Catch::Contains("login"));
  CHECK(registry.changes.empty());

  auto output = harness("output.model", R"({"project": "new", "user": "admin", "create": true})");
  registry.answer(output);
  REQUIRE(output.push(model_row()).ok());
  REQUIRE(output.finish().ok());
  REQUIRE(registry.changes.size() == 3);
  CHECK(registry.changes[0]["entity"] == "workspaces");
  CHECK(registry.changes[1]["entity"] == "projects");
  CHECK(registry.changes[1]["set"] == Json{{"name", "new"}, {"workspace_id", 101}});
  CHECK(registry.changes[2]["set"]["project_id"] == 102);
}

TEST_CASE("output.model makes a user who cannot sign in where it is told so", "[output][model]") {
  Registry registry;
  for (const int again : {0, 1}) {
    auto output =
        harness("output.model", R"({"project": "loans", "user": "robot", "create_user": true})");
    registry.answer(output);
    REQUIRE(output.push(model_row()).ok());
    REQUIRE(output.finish().ok());
    const auto& made = registry.changes.at(static_cast<std::size_t>(2 * again));
    CHECK(made["entity"] == "users");
    CHECK(made["set"]["login"] == "robot");
    CHECK(made["set"]["is_disabled"] == true);
    CHECK(made["set"]["password"].get<std::string>().size() > 40);
    CHECK(registry.changes.at(static_cast<std::size_t>(2 * again + 1))["set"]["user_id"] ==
          101 + 2 * again);
  }
  CHECK(registry.changes[0]["set"]["password"] != registry.changes[2]["set"]["password"]);
}

TEST_CASE("output.project makes what is not there, and finds what another makes at the time",
          "[output][project]") {
  auto output = harness("output.project", R"({"project": "new", "user": "robot"})");
  Registry registry;
  registry.answer(output);
  REQUIRE(output.push(batch({{"x", {1, 2}}})).ok());
  REQUIRE(output.finish().ok());
  REQUIRE(registry.changes.size() == 3);
  CHECK(registry.changes[0]["entity"] == "workspaces");
  CHECK(registry.changes[1]["entity"] == "projects");
  CHECK(registry.changes[2]["entity"] == "users");
  CHECK(output.column<std::int64_t>("project_id") == std::vector<std::int64_t>{102});
  CHECK(output.column<std::int64_t>("user_id") == std::vector<std::int64_t>{103});

  auto other = harness("output.project", R"({"project": "loans", "user": "admin"})");
  Registry known;
  known.answer(other);
  REQUIRE(other.finish().ok());
  CHECK(known.changes.empty());
  CHECK(other.column<std::int64_t>("project_id") == std::vector<std::int64_t>{1});
}

TEST_CASE("output.model registers one model, which there is to be", "[output][model]") {
  const auto registering = [] {
    auto output = harness("output.model", R"({"project": "loans", "user": "admin"})");
    return output;
  };
  auto none = registering();
  REQUIRE(none.push(batch({{"report", {"{}"}}})).ok());
  CHECK_THAT(none.finish().message(), Catch::Contains("no model"));
  auto two = registering();
  REQUIRE(two.push(model_row()).ok());
  CHECK_THAT(two.push(model_row()).message(), Catch::Contains("more than one"));
  auto odd = registering();
  CHECK_THAT(odd.push(batch({{"model", {"file:///m"}}})).message(), Catch::Contains("blob:"));
  auto broken = registering();
  CHECK(broken.push(batch({{"report", {"{no json"}}})).code() == MR_DATA_INVALID);
  CHECK(harness("output.model", R"({"project": "p", "user": "u", "set": {"metrics": {}}})")
            .faults()
            .size() == 1);
}

TEST_CASE("reports with very many labels leave those out of the metrics", "[output][model]") {
  auto output = harness("output.model", R"({"project": "loans", "user": "admin"})");
  Registry registry;
  registry.answer(output);
  std::string report = "{";
  for (int i = 0; i < 1000; ++i)
    report += "\"" + std::to_string(i) + R"(": {"precision": 1, "recall": 1, "support": 2}, )";
  report += R"("macro avg": {"precision": 1}, "accuracy": 1})";
  REQUIRE(output.push(model_row()).ok());
  REQUIRE(output.push(batch({{"report", {report}}})).ok());
  REQUIRE(output.finish().ok());
  const auto& metrics = registry.changes.at(0)["set"]["metrics"];
  CHECK(metrics.size() < 2010);
  CHECK(metrics.contains("macro avg.precision"));
  CHECK(metrics.contains("accuracy"));
  REQUIRE(output.logs().size() == 1);
  CHECK_THAT(output.logs()[0], Catch::StartsWith("warn"));
}
