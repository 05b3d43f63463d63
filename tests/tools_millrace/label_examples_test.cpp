// The example pipelines that label texts, as a person runs them.
#include <sstream>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "engine/base/json.hpp"
#include "tests/tools_millrace/program_fixture.hpp"

using namespace millrace;
using namespace millrace::test;

namespace {

// The rows that a pipeline of the examples replies, as its lines of JSON.
std::vector<Json> replied_rows(const ProgramFixture& fixture, const std::string& pipeline,
                               const std::vector<std::string>& more = {}) {
  std::vector<std::string> words{
      "run", std::string{MR_SOURCE_DIR} + "/pipelines/examples/" + pipeline, "--data", "data"};
  words.insert(words.end(), more.begin(), more.end());
  const auto ran = fixture.run(words);
  INFO(ran.errors);
  REQUIRE(ran.exit_code == 0);
  std::vector<Json> rows;
  std::istringstream lines{ran.output};
  for (std::string line; std::getline(lines, line);) rows.push_back(Json::parse(line));
  return rows;
}

// 12 texts of each of two labels.
std::string labelled_texts() {
  Json texts = Json::array(), labels = Json::array();
  for (int i = 0; i < 12; ++i) {
    const auto number = std::to_string(i % 4);
    texts.push_back("cheap loan at rate" + number);
    labels.push_back("loan");
    texts.push_back("win the prize draw" + number);
    labels.push_back("prize");
  }
  return Json{{"texts", {{"text", texts}, {"label", labels}}}}.dump();
}

Json models_of(const ProgramFixture& fixture) {
  fixture.write("models.json", R"({"ops": [
    {"name": "models", "type": "input.catalog", "params": {"entity": "models"}},
    {"name": "rows", "type": "output.reply", "preOps": ["models"]}]})");
  const auto ran = fixture.run({"run", fixture.path("models.json"), "--data", "data"});
  REQUIRE(ran.exit_code == 0);
  Json rows = Json::array();
  std::istringstream lines{ran.output};
  // Without rows a line says how the job ended.
  for (std::string line; std::getline(lines, line);)
    if (line.starts_with('{')) rows.push_back(Json::parse(line));
  return rows;
}

}  // namespace

TEST_CASE("label_keywords.json labels names", "[tools][label]") {
  const ProgramFixture fixture;
  const auto rows = replied_rows(fixture, "label_keywords.json");
  REQUIRE(rows.size() == 6);
  CHECK(rows[0]["label"] == "男性");
  CHECK(rows[1]["label"] == "女性");
  CHECK(rows[3]["label"].is_null());
  CHECK(rows[4]["label"] == "男性");
  CHECK(rows[4]["count"] == 1);
  CHECK(rows[5]["label"].is_null());
}

TEST_CASE("explain_keywords.json reports on the rules of a file", "[tools][label]") {
  const ProgramFixture fixture;
  fixture.write(
      "rules.json",
      R"({"男性": [["先生", "partially"], ["林", "start"]], "女性": [["小姐", "partially"], ["大姐", "end"]]})");
  const auto rows = replied_rows(fixture, "explain_keywords.json", {"--set", "rules=rules.json"});
  REQUIRE(rows.size() == 4);
  CHECK(rows[0]["keyword"] == "先生");
  CHECK(rows[0]["rows"] == 2);
  CHECK(rows[0]["alone"] == 1);
  CHECK(rows[2]["conflicts"] == 1);
  CHECK(rows[2]["chosen"] == 0);
  CHECK(rows[3]["rows"] == 0);
}

TEST_CASE("clean_labels.json lets posts vote, window by window", "[tools][label]") {
  const ProgramFixture fixture;
  const auto rows = replied_rows(
      fixture, "clean_labels.json",
      {"--set", "tables=" + std::string{MR_SOURCE_DIR} + "/pipelines/maps/audience_tables.json"});
  REQUIRE(rows.size() == 2);  // u2 contradicts itself in the first window, u3 has no table
  CHECK(rows[0]["id"] == "b3");
  CHECK(rows[0]["source_author"] == "WH_F0001_u1");
  CHECK(rows[0]["panel"] == "/male");
  CHECK(rows[0]["votes"] == 2);
  CHECK(rows[1]["id"] == "b7");
  CHECK(rows[1]["table"] == "fbfans");
  CHECK(rows[1]["panel"] == "/學生");
}

TEST_CASE("count_authors.json counts by source", "[tools][label]") {
  const ProgramFixture fixture;
  const auto rows = replied_rows(fixture, "count_authors.json");
  REQUIRE(rows.size() == 2);
  CHECK(rows[0] == Json::parse(R"({"source": "Ptt", "distinct": 2, "rows": 3})"));
  CHECK(rows[1] == Json::parse(R"({"source": "blog", "distinct": 1, "rows": 1})"));
}

TEST_CASE("report_labels.json joins counts of two kinds by source", "[tools][label]") {
  const ProgramFixture fixture;
  const auto rows = replied_rows(fixture, "report_labels.json");
  REQUIRE(rows.size() == 3);
  CHECK(rows[0] == Json::parse(R"({"source": "Ptt", "authors": 2, "rows": 3, "labelled": 2,
    "percent": 66.67, "labels": "男性, 學生"})"));
  CHECK(rows[2] == Json::parse(R"({"source": "news", "authors": 1, "rows": 1, "labelled": 0,
    "percent": 0.0, "labels": ""})"));
}

TEST_CASE("count_tags.json counts the items of lists", "[tools][label]") {
  const ProgramFixture fixture;
  const auto rows = replied_rows(fixture, "count_tags.json");
  REQUIRE(rows.size() == 3);
  CHECK(rows[0] == Json::parse(R"({"tag": "cat", "count": 2, "last": "c.png"})"));
  CHECK(rows[2] == Json::parse(R"({"tag": "dog", "count": 3, "last": "c.png"})"));
}

TEST_CASE("evaluate_labels.json reports line by line", "[tools][label]") {
  const ProgramFixture fixture;
  const auto rows = replied_rows(fixture, "evaluate_labels.json");
  REQUIRE(rows.size() == 5);
  CHECK(rows[0]["label"] == "none");
  CHECK(rows[1]["label"] == "女性");
  CHECK(rows[1]["recall"] == 0.5);
  CHECK(rows[2]["precision"] == 1.0);
  CHECK(rows[3]["label"] == "macro avg");
}

TEST_CASE("explain_patterns.json reports on the patterns of a file", "[tools][label]") {
  const ProgramFixture fixture;
  fixture.write("rules.json",
                R"json({"女性": ["我男友", "女生(?=一枚)"], "學生": ["段考|期末考", "重修"]})json");
  const auto rows = replied_rows(fixture, "explain_patterns.json", {"--set", "rules=rules.json"});
  REQUIRE(rows.size() == 4);
  CHECK(rows[0]["rows"] == 2);
  CHECK(rows[0]["conflicts"] == 1);
  CHECK(rows[1]["pattern"] == "女生(?=一枚)");
  CHECK(rows[1]["chosen"] == 1);
  CHECK(rows[2]["chosen"] == 0);
  CHECK(rows[3]["rows"] == 0);
}

TEST_CASE("train_terms.json registers what it learns, by which label_terms.json labels",
          "[tools][label][train]") {
  const ProgramFixture fixture;
  fixture.write("labelled.json", labelled_texts());
  fixture.write("texts.json", R"({"texts": {"text": ["a loan", "one prize", "sunshine"]}})");
  fixture.write("password.txt", "a good password\n");
  REQUIRE(fixture.run({"users", "add", "ada", "--data", "data", "--password-file", "password.txt"})
              .exit_code == 0);
  const std::vector<std::string> training{"--params", "labelled.json", "--set", "words=spaces",
                                          "--set",    "project=ads",   "--set", "name=topics",
                                          "--set",    "user=ada"};
  auto tried = replied_rows(fixture, "train_terms.json", training);
  REQUIRE(tried.size() == 7);  // two labels, four averages, and the model
  CHECK(tried.back() == Json{{"id", 1}});
  tried.pop_back();
  for (const auto& row : tried) CHECK(row["set"] == "test");
  CHECK(tried[0]["label"] == "loan");
  CHECK(tried[0]["support"] == 2);
  CHECK(tried[0]["recall"] == 1);
  const auto models = models_of(fixture);
  REQUIRE(models.size() == 1);
  CHECK(models[0]["name"] == "topics");
  CHECK(models[0]["user_login"] == "ada");
  CHECK(models[0]["file_name"] == "term_dict.csv");
  CHECK(models[0]["job_id"].is_number());
  CHECK(models[0]["pipeline_name"] == "Train term weights");
  CHECK(Json::parse(models[0]["parameters"].get<std::string>())["labels"] == 2);
  const auto metrics = Json::parse(models[0]["metrics"].get<std::string>());
  CHECK(metrics["test.loan.recall"] == 1);
  CHECK(metrics["test.loan.support"] == 2);
  CHECK(metrics.contains("test.accuracy"));
  CHECK(metrics.contains("test.samples avg.f1-score"));

  const auto label_by = [&](const std::string& model) {
    std::vector<Json> labels;
    for (const auto& row : replied_rows(fixture, "label_terms.json",
                                        {"--params", "texts.json", "--set", "model=" + model}))
      labels.push_back(row["label"]);
    return labels;
  };
  const std::vector<Json> expected{"loan", "prize", "一般"};
  CHECK(label_by("model:ads/topics") == expected);
  CHECK(label_by("model:" + models[0]["id"].dump()) == expected);
  CHECK(replied_rows(fixture, "train_terms.json", training).size() == 7);
  CHECK(label_by("model:ads/topics@2") == expected);

  const auto none =
      fixture.run({"run", std::string{MR_SOURCE_DIR} + "/pipelines/examples/label_terms.json",
                   "--data", "data", "--params", "texts.json", "--set", "model=model:ads/nothing"});
  CHECK(none.exit_code != 0);
  CHECK_THAT(none.errors, Catch::Contains("no model of the project has that name"));
}

TEST_CASE("a training that fails registers nothing", "[tools][label][train]") {
  const ProgramFixture fixture;
  fixture.write("labelled.json", labelled_texts());
  const auto ran =
      fixture.run({"run", std::string{MR_SOURCE_DIR} + "/pipelines/examples/train_terms.json",
                   "--data", "data", "--params", "labelled.json", "--set", "words=spaces", "--set",
                   "project=ads", "--set", "name=topics", "--set", "user=nobody"});
  CHECK(ran.exit_code != 0);
  CHECK_THAT(ran.errors, Catch::Contains("there is no login of that name: nobody"));
  CHECK(models_of(fixture).empty());
}
