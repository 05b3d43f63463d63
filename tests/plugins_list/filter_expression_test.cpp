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

TEST_CASE("an expression tells what it reads, of which types", "[filter][expression]") {
  const auto reads = [](std::string_view where) {
    return harness("filter.expression", R"({"where": ")" + std::string{where} + R"("})").traits();
  };
  CHECK_THAT(
      reads("a >= 1 and b in ('x') or c or not d is null and e = f"),
      Catch::Contains(
          R"("reads":{"a":"number|timestamp","b":"utf8|binary","c":"bool",)"
          R"("d":"bool|number|timestamp|utf8|binary","e":"bool|number|timestamp|utf8|binary",)"
          R"("f":"bool|number|timestamp|utf8|binary"})"));
  CHECK_THAT(reads("1 < 2"), !Catch::Contains("reads"));
}

TEST_CASE("an expression that fits no columns is a fault before it runs", "[filter][expression]") {
  const auto fault = [](std::string_view where) {
    const auto filter =
        harness("filter.expression", R"({"where": ")" + std::string{where} + R"("})");
    return filter.faults().empty() ? std::string{} : filter.faults()[0].message;
  };
  CHECK(fault("a = 1 and a = 'x'") == "expression compares a number with a text: column a");
  CHECK(fault("a in ('x', 1)") == "expression compares a text with a number: column a");
  CHECK(fault("a and a > 1") == "expression compares true or false with a number: column a");
  CHECK(fault("1 = 'x'") == "expression compares a number with a text");
  CHECK(fault("a > true") == "expression asks which flag is greater: use = or !=");
  CHECK(fault("a = b and a = 1 and b = 2").empty());
}

TEST_CASE("a column that is not there fails the batch and is named", "[filter][expression]") {
  auto filter = harness("filter.expression", R"({"where": "area > 1"})");
  const auto status = filter.push(batch({{"width", {1}}}));
  CHECK(status.code() == MR_DATA_INVALID);
  CHECK_THAT(status.message(), Catch::Contains("area"));
}
