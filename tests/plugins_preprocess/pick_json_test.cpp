// pick.json as built: through its plugin.
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

const std::string kPickJson = std::string{MR_BINARY_DIR} + "/lib/millrace/plugins/pick_json.so";

OperatorHarness picking(const std::string& columns) {
  millrace::testing::HarnessOptions options;
  options.library = kPickJson;
  return OperatorHarness{"pick.json", R"({"column": "j", "columns": )" + columns + "}", options};
}

}  // namespace

TEST_CASE("pick.json conforms", "[conformance]") {
  for (const auto& finding : millrace::testing::check_conformance(kPickJson))
    FAIL_CHECK(finding.operator_id << ", " << finding.check << ": " << finding.message);
}

TEST_CASE("values of JSON become columns, texts as they are and others as JSON",
          "[preprocess][pick_json]") {
  auto harness = picking(R"({"a": "/x/y", "b": "/list/1", "c": "/a~1b~0c", "whole": ""})");
  REQUIRE(harness
              .push(batch({{"j",
                            {R"({"x": {"y": "先生"}, "list": [1, {"z": [true]}], "a/b~c": 1.5})",
                             R"({"x": null, "list": "no list"})", null, R"("text")"}}}))
              .ok());
  REQUIRE(harness.finish().ok());
  CHECK(harness.optional_column<std::string>("a") ==
        OptionalTexts{"先生", std::nullopt, std::nullopt, std::nullopt});
  CHECK(harness.optional_column<std::string>("b") ==
        OptionalTexts{R"({"z":[true]})", std::nullopt, std::nullopt, std::nullopt});
  CHECK(harness.optional_column<std::string>("c") ==
        OptionalTexts{"1.5", std::nullopt, std::nullopt, std::nullopt});
  CHECK(harness.optional_column<std::string>("whole")[3] == "text");
}

TEST_CASE("places that no list has find nothing", "[preprocess][pick_json]") {
  auto harness = picking(
      R"({"a": "/2", "b": "/-", "c": "/-1", "d": "/1x", "e": "/99999999999999999999999", "f": "/"})");
  REQUIRE(harness.push(batch({{"j", {"[1, 2]"}}})).ok());
  REQUIRE(harness.finish().ok());
  for (const auto* name : {"a", "b", "c", "d", "e", "f"}) {
    INFO(name);
    CHECK_FALSE(harness.optional_column<std::string>(name)[0].has_value());
  }
}

TEST_CASE("a text that is no JSON fails the job, and a wrong pointer is a fault",
          "[preprocess][pick_json]") {
  CHECK_FALSE(picking(R"({"a": "/x"})").push(batch({{"j", {"{"}}})).ok());
  for (const auto* columns :
       {R"({"a": "x"})", R"({"a": "/x~2"})", R"({"a": "/x~"})", R"({})", R"({"@root": "/x"})"}) {
    INFO(columns);
    CHECK_FALSE(picking(columns).faults().empty());
  }
}
