#define CATCH_CONFIG_MAIN
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include <millrace/testing.hpp>

using millrace::testing::batch;
using millrace::testing::null;

TEST_CASE("url_suffix keeps the addresses that end so, and no row without an address",
          "[filter][url_suffix]") {
  millrace::testing::OperatorHarness harness{
      "filter.url_suffix", R"({"suffix": ".png"})", {.library = PLUGIN}};
  REQUIRE(harness.push(batch({{"url", {"file:///a.png", "file:///b.jpg", null}}})).ok());
  REQUIRE(harness.finish().ok());
  CHECK(harness.column<std::string>("url") == std::vector<std::string>{"file:///a.png"});
}

TEST_CASE("url_suffix does what the engine relies on", "[filter][url_suffix]") {
  for (const auto& finding : millrace::testing::check_conformance(PLUGIN)) {
    FAIL_CHECK(finding.operator_id << ": " << finding.check << ": " << finding.message);
  }
}
