#include <catch2/catch.hpp>

#include "fixture.hpp"

using namespace plugins_list;
using millrace::testing::batch;
using millrace::testing::null;

TEST_CASE("rows for which the expression is true pass", "[filter][expression]") {
  auto filter = harness("filter.expression", R"({"where": "area >= 4"})");
  REQUIRE(filter.push(batch({{"area", {1.0, 4.0, null, 9.0}}})).ok());
  REQUIRE(filter.push(batch({{"area", {1.0, null}}})).ok());
  REQUIRE(filter.finish().ok());
  CHECK(filter.column<double>("area") == std::vector<double>{4.0, 9.0});
  CHECK(filter.emitted() == 1);
}

TEST_CASE("list records that pass get the step in their identity", "[filter][expression]") {
  auto filter =
      harness("filter.expression", R"({"where": "line > 4 and label is not null"})", 0, "late");
  REQUIRE(filter.push(rows_of(kPulp)).ok());
  CHECK(filter.column<std::string>("identity") ==
        std::vector<std::string>{"qiniu:///z0/in/img/e.png#source:6#late:0"});
}

TEST_CASE("a syntax error is a fault with its offset", "[filter][expression]") {
  const auto filter = harness("filter.expression", R"({"where": "area >= and"})");
  REQUIRE(filter.faults().size() == 1);
  CHECK(filter.faults()[0].kind == "expression_syntax");
  CHECK(filter.faults()[0].pointer == "/where");
  CHECK_THAT(filter.faults()[0].message, Catch::Contains("byte 8"));
}

TEST_CASE("a plain conjunction tells the planner its conditions", "[filter][expression]") {
  CHECK_THAT(harness("filter.expression", R"({"where": "a = 1 and b = 'x'"})").traits(),
             Catch::Contains(R"("column":"a")") && Catch::Contains(R"("hints")"));
  CHECK_THAT(harness("filter.expression", R"({"where": "a = 1 or b = 'x'"})").traits(),
             !Catch::Contains("hints"));
}

TEST_CASE("a column that is not there fails the batch and is named", "[filter][expression]") {
  auto filter = harness("filter.expression", R"({"where": "area > 1"})");
  const auto status = filter.push(batch({{"width", {1}}}));
  CHECK(status.code() == MR_DATA_INVALID);
  CHECK_THAT(status.message(), Catch::Contains("area"));
}
