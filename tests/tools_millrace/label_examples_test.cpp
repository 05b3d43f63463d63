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
                R"({"女性": ["我男友", "女生(?=一枚)"], "學生": ["段考|期末考", "重修"]
})");
  const auto rows = replied_rows(fixture, "explain_patterns.json", {"--set", "rules=rules.json"});
REQUIRE(rows.size() == 4);
CHECK(rows[0]["rows"] == 2);
CHECK(rows[0]["conflicts"] == 1);
CHECK(rows[1]["pattern"] == "女生(?=一枚)");
CHECK(rows[1]["chosen"] == 1);
CHECK(rows[2]["chosen"] == 0);
CHECK(rows[3]["rows"] == 0);
}
