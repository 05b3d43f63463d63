// require.values as built: through its plugin.
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include <millrace/testing.hpp>

using millrace::testing::batch;
using millrace::testing::null;
using millrace::testing::OperatorHarness;

namespace {

const std::string kRequireValues =
    std::string{MR_BINARY_DIR} + "/lib/millrace/plugins/require_values.so";

OperatorHarness requiring(const std::string& params) {
  millrace::testing::HarnessOptions options;
  options.library = kRequireValues;
  return OperatorHarness{"require.values", params, options};
}

}  // namespace

TEST_CASE("require.values conforms", "[conformance]") {
  for (const auto& finding : millrace::testing::check_conformance(kRequireValues))
    FAIL_CHECK(finding.operator_id << ", " << finding.check << ": " << finding.message);
}

TEST_CASE("a row with another value fails with the values of its columns",
          "[preprocess][require_values]") {
  constexpr const char* kFinished =
      R"({"column": "stat", "every": ["finish", "no_data"], "message": "task {id} ({n}) is unfinished: {stat}"})";
  auto good = requiring(kFinished);
  REQUIRE(
      good.push(batch({{"id", {"a", "b"}}, {"n", {1, 2}}, {"stat", {"finish", "no_data"}}})).ok());
  REQUIRE(good.finish().ok());
  CHECK(good.column<std::string>("id") == std::vector<std::string>{"a", "b"});
  auto bad = requiring(kFinished);
  const auto failed =
      bad.push(batch({{"id", {"a", "b"}}, {"n", {1, 2}}, {"stat", {"finish", null}}}));
  CHECK(failed.code() == MR_DATA_INVALID);
  CHECK(failed.message() == "task b (2) is unfinished: null");
  auto none = requiring(kFinished);
  CHECK(none.finish().ok());
}

TEST_CASE("what no row has is known at the end, and over checkpoints",
          "[preprocess][require_values]") {
  constexpr const char* kSets =
      R"({"column": "set", "present": ["train", "dev"], "message": "a set is {missing"})";
  auto first = requiring(kSets);
  REQUIRE(first.push(batch({{"set", {"train", null, "other"}}})).ok());
  const auto state = first.snapshot();
  CHECK(first.finish().message() == "a set is {missing");
  auto second = requiring(kSets);
  REQUIRE(second.restore(state).ok());
  REQUIRE(second.push(batch({{"set", {"dev"}}})).ok());
  CHECK(second.finish().ok());
}

TEST_CASE("one row with a value is enough where no values are named",
          "[preprocess][require_values]") {
  constexpr const char* kAny = R"({"column": "label", "message": "no labels"})";
  auto none = requiring(kAny);
  REQUIRE(none.push(batch({{"id", {1, 2}}, {"label", {null, "x"}}}).slice(0, 1)).ok());
  const auto failed = none.finish();
  CHECK(failed.code() == MR_DATA_INVALID);
  CHECK(failed.message() == "no labels");
  auto one = requiring(kAny);
  REQUIRE(one.push(batch({{"id", {1, 2}}, {"label", {null, "x"}}})).ok());
  CHECK(one.finish().ok());
}

TEST_CASE("require.values takes one of its conditions", "[preprocess][require_values]") {
  const auto harness =
      requiring(R"({"column": "a", "every": ["x"], "present": ["y"], "message": "m"})");
  REQUIRE(harness.faults().size() == 1);
  CHECK(harness.faults()[0].pointer == "/present");
}
