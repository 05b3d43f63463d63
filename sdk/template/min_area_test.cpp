#define CATCH_CONFIG_MAIN
#include <vector>

#include <catch2/catch.hpp>

#include <millrace/testing.hpp>

using millrace::testing::batch;
using millrace::testing::null;

TEST_CASE("min_area drops rows below the threshold and rows without an area",
          "[filter][min_area]") {
  millrace::testing::OperatorHarness harness{
      "filter.min_area", R"({"min_area": 4})", {.library = PLUGIN}};
  REQUIRE(harness.push(batch({{"area", {1.0, 4.0, null, 9.0}}})).ok());
  REQUIRE(harness.finish().ok());
  CHECK(harness.column<double>("area") == std::vector{4.0, 9.0});
}

TEST_CASE("min_area does what the engine relies on", "[filter][min_area]") {
  for (const auto& finding : millrace::testing::check_conformance(PLUGIN)) {
    FAIL_CHECK(finding.operator_id << ": " << finding.check << ": " << finding.message);
  }
}
