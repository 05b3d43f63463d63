// map.values as built: through its plugin.
#include <fstream>
#include <iterator>
#include <optional>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include <millrace/testing.hpp>

using millrace::testing::batch;
using millrace::testing::null;
using millrace::testing::OperatorHarness;

namespace {

using OptionalTexts = std::vector<std::optional<std::string>>;

const std::string kMapValues = std::string{MR_BINARY_DIR} + "/lib/millrace/plugins/map_values.so";

OperatorHarness mapping(const std::string& params) {
  millrace::testing::HarnessOptions options;
  options.library = kMapValues;
  return OperatorHarness{"map.values", params, options};
}

std::string fault_of_map(const std::string& params) {
  const auto harness = mapping(params);
  return harness.faults().empty()
             ? std::string{}
             : harness.faults()[0].pointer + ": " + harness.faults()[0].message;
}

std::string read_map(const std::string& name) {
  std::ifstream file{std::string{MR_SOURCE_DIR} + "/pipelines/maps/" + name};
  REQUIRE(file);
  return {std::istreambuf_iterator<char>{file}, {}};
}

}  // namespace

TEST_CASE("map.values conforms", "[conformance]") {
  for (const auto& finding : millrace::testing::check_conformance(kMapValues))
    FAIL_CHECK(finding.operator_id << ", " << finding.check << ": " << finding.message);
}

TEST_CASE("labels become panels, and other labels get a prefix", "[preprocess][map_values]") {
  auto harness =
      mapping(R"({"column": "label", "to": "panel", "map": {"男性": "/male", "女性": "/female"},
      "others": "prefix", "prefix": "/", "exclude": ["", "一般"]})");
  REQUIRE(harness
              .push(batch({{"n", {0, 1, 2, 3, 4, 5}},
                           {"label", {"男性", "色情", "一般", null, "", "male"}}}))
              .ok());
  REQUIRE(harness.finish().ok());
  CHECK(harness.column<std::string>("panel") ==
        std::vector<std::string>{"/male", "/色情", "/male"});
  CHECK(harness.column<std::int64_t>("n") == std::vector<std::int64_t>{0, 1, 5});
  CHECK(harness.column<std::string>("label") == std::vector<std::string>{"男性", "色情", "male"});
  CHECK(harness.counts() ==
        std::map<std::string, std::int64_t>{{"excludedRows", 2}, {"nullRows", 1}});
}

TEST_CASE("what is not in the map is dropped and counted, kept, or made null",
          "[preprocess][map_values]") {
  const auto mapped = [](const std::string& how) {
    auto harness = mapping(R"({"column": "v", "map": {"a": "x"})" + how + "}");
    REQUIRE(harness.push(batch({{"v", {"a", "b", null}}})).ok());
    REQUIRE(harness.finish().ok());
    return std::pair{harness.optional_column<std::string>("v"), harness.counts()};
  };
  using Counts = std::map<std::string, std::int64_t>;
  CHECK(mapped("") == std::pair{OptionalTexts{"x"}, Counts{{"unknownRows", 1}, {"nullRows", 1}}});
  CHECK(mapped(R"(, "others": "keep")") ==
        std::pair{OptionalTexts{"x", "b"}, Counts{{"nullRows", 1}}});
  CHECK(mapped(R"(, "others": "null", "nulls": "keep")") ==
        std::pair{OptionalTexts{"x", std::nullopt, std::nullopt}, Counts{}});
}

TEST_CASE("groups map many values, from the pipeline or a file", "[preprocess][map_values]") {
  const std::string tables = read_map("audience_tables.json");
  const auto check = [](OperatorHarness harness) {
    REQUIRE(harness
                .push(batch({{"s_id",
                              {"WH_F0116", "WH_NI016", "WH_CTN0026", "wh_v001", "WH_V001",
                               "WH_F0500", "WH_F0204", "WH_B0012", "WH_F0045 ", "WH_N026"}}}))
                .ok());
    REQUIRE(harness.finish().ok());
    CHECK(harness.column<std::string>("table") ==
          std::vector<std::string>{"forum", "news", "news", "video", "Comment"});
    CHECK(harness.counts().at("unknownRows") == 5);
  };
  check(mapping(R"({"column": "s_id", "to": "table", "groups": )" + tables + "}"));
  auto from_file =
      mapping(R"({"column": "s_id", "to": "table", "groups_file": "qiniu:///z0/in/t.json"})");
  from_file.put_object("qiniu:///z0/in/t.json", tables);
  CHECK_THAT(from_file.traits(), Catch::Contains(R"("blocking":true)"));
  check(std::move(from_file));
}

TEST_CASE("a file that is no map ends the run with what is wrong", "[preprocess][map_values]") {
  for (const auto* text : {"", "[]", "{\"a\": 1}", "{\"a\": [1]}", "{\"a\": [\"1..\"]}", "{",
                           "{\"a\": [\"x\"], \"b\": [\"x\"]}"}) {
    INFO(text);
    auto harness = mapping(R"({"column": "v", "groups_file": "qiniu:///z0/in/t.json"})");
    harness.put_object("qiniu:///z0/in/t.json", text);
    CHECK_FALSE(harness.push(batch({{"v", {"x"}}})).ok());
  }
  auto harness = mapping(R"({"column": "v", "groups_file": "qiniu:///z0/in/none.json"})");
  CHECK(harness.push(batch({{"v", {"x"}}})).code() == MR_NOT_FOUND);
}

TEST_CASE("targets longer than allowed are an error, in characters", "[preprocess][map_values]") {
  auto fits =
      mapping(R"({"column": "v", "map": {}, "others": "prefix", "prefix": "/", "max_length": 3})");
  REQUIRE(fits.push(batch({{"v", {"男性"}}})).ok());
  const auto status = fits.push(batch({{"v", {"男性的"}}}));
  CHECK(status.code() == MR_DATA_INVALID);
  CHECK_THAT(status.message(), Catch::Contains("max_length"));
  CHECK_FALSE(mapping(R"({"column": "v", "map": {"a": "long"}, "max_length": 3})")
                  .push(batch({{"v", {"b"}}}))
                  .ok());
}

TEST_CASE("wrong parameters of a map are faults with a way out", "[preprocess][map_values]") {
  CHECK_THAT(fault_of_map(R"({"column": "v"})"), Catch::Contains("`groups_file`"));
  CHECK_THAT(fault_of_map(R"({"column": "v", "map": {}, "groups": {}})"),
             Catch::Contains("one way"));
  CHECK_THAT(fault_of_map(R"({"column": "v", "map": {}, "others": "prefix"})"),
             Catch::StartsWith("/prefix"));
  CHECK_THAT(fault_of_map(R"({"column": "v", "to": "@root", "map": {}})"),
             Catch::StartsWith("/to"));
  CHECK_THAT(fault_of_map(R"({"column": "v", "groups": {"a": ["1..x"]}})"),
             Catch::StartsWith("/groups") && Catch::Contains("1..x"));
  CHECK_THAT(fault_of_map(R"({"column": "v", "groups": {"a": ["1..5"], "b": ["5"]}})"),
             Catch::Contains("5 maps to a and b"));
  CHECK_THAT(fault_of_map(R"({"column": "v", "map": {"a": 1}})"), Catch::StartsWith("/map"));
}
