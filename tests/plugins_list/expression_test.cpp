#include "plugins/filter/expression.hpp"

#include <string>

#include <catch2/catch.hpp>

using namespace millrace::expression;

namespace {

SyntaxError error(std::string_view text) {
  const auto parsed = parse(text);
  INFO(text);
  REQUIRE(std::holds_alternative<SyntaxError>(parsed));
  return std::get<SyntaxError>(parsed);
}

std::string where(std::string_view text) {
  const auto parsed = parse(text);
  INFO(text);
  REQUIRE(std::holds_alternative<Expression>(parsed));
  return where_conditions(std::get<Expression>(parsed));
}

std::string nested(std::string_view part, int times, std::string_view inner,
                   std::string_view close) {
  std::string text;
  for (int i = 0; i < times; ++i) text += part;
  text += inner;
  for (int i = 0; i < times; ++i) text += close;
  return text;
}

}  // namespace

TEST_CASE("a syntax error tells where it is", "[filter][expression]") {
  CHECK(error("").offset == 0);
  CHECK(error("width >").offset == 7);
  CHECK(error("width > 640 and").offset == 15);
  CHECK(error("width ~ 3").offset == 6);
  CHECK(error("(a = 1").offset == 6);
  CHECK(error("a = 1)").offset == 5);
  CHECK(error("a = 1 b = 2").offset == 6);
  CHECK(error("a = \"x").offset == 4);
  CHECK(error("a = null").offset == 4);
  CHECK(error("a is 3").offset == 5);
  CHECK(error("3 is null").offset == 0);
  CHECK(error("a in 3").offset == 5);
  CHECK(error("a in ()").offset == 6);
  CHECK(error("a in (1").offset == 7);
  CHECK(error("a in (b)").offset == 6);
  CHECK(error("a not like 3").offset == 6);
  CHECK(error("3").offset == 1);
  CHECK(error("a = 1e999").offset == 4);
  CHECK(error("a = 1x").offset == 4);
  CHECK(error("a = 1 + 2").offset == 6);
  CHECK(error("``= 1").offset == 0);
  CHECK(error("and").offset == 0);
}

TEST_CASE("depth and length have limits", "[filter][expression]") {
  CHECK(std::holds_alternative<Expression>(parse(nested("(", kMaxDepth - 1, "a", ")"))));
  CHECK_THAT(error(nested("(", kMaxDepth + 1, "a", ")")).message, Catch::Contains("64 levels"));
  CHECK_THAT(error(nested("not ", 100'000 / 4, "a", "")).message,
             Catch::Contains("longer") || Catch::Contains("levels"));
  CHECK_THAT(error(std::string(kMaxBytes + 1, ' ')).message, Catch::Contains("longer"));
  std::string chain = "a = 0";
  while (chain.size() < kMaxBytes - 20) chain += " and a = 1";
  CHECK(std::holds_alternative<Expression>(parse(chain)));
}

TEST_CASE("a conjunction of tests is said in the words of the catalog", "[filter][expression]") {
  CHECK(where("width >= 640 and type = \"image\"") ==
        R"([{"column":"width","op":">=","value":640},{"column":"type","op":"=","value":"image"}])");
  CHECK(
      where("640 <= width AND (flagged AND NOT `odd name`)") ==
      R"([{"column":"width","op":">=","value":640},{"column":"flagged","op":"=","value":true},{"column":"odd name","op":"=","value":false}])");
  CHECK(
      where("a is null and b is not null and c in (1, \"x\") and d <> 'it\\'s' and e == true") ==
      R"([{"column":"a","op":"is_null","value":true},{"column":"b","op":"is_null","value":false},{"column":"c","op":"in","value":[1,"x"]},{"column":"d","op":"!=","value":"it's"},{"column":"e","op":"=","value":true}])");
}

TEST_CASE("what the catalog cannot say stays with the filter", "[filter][expression]") {
  for (const std::string_view text :
       {"a = 1 or b = 2", "not (a = 1)", "a not in (1)", "a = b", "1 = 1", "a = 0.5", "true"}) {
    INFO(text);
    CHECK(where(text).empty());
  }
}
