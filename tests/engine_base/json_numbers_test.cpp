#include "engine/base/json_numbers.hpp"

#include <cmath>
#include <limits>

#include <catch2/catch.hpp>

using namespace millrace;

namespace {

Json read(std::string_view text) {
  auto json = parse_json(text);
  REQUIRE(json.ok());
  return *std::move(json);
}

constexpr auto kMost = std::numeric_limits<std::int64_t>::max();
constexpr auto kLeast = std::numeric_limits<std::int64_t>::min();

}  // namespace

TEST_CASE("a whole number stays what it is, or is none", "[base][json]") {
  CHECK(whole_number(read("9223372036854775807")) == kMost);
  CHECK(whole_number(read("-9223372036854775808")) == kLeast);
  CHECK(whole_number(read("0")) == 0);
  CHECK_FALSE(whole_number(read("9223372036854775808")));
  CHECK_FALSE(whole_number(read("18446744073709551615")));
  CHECK_FALSE(whole_number(read("4.0")));
  CHECK_FALSE(whole_number(read("\"4\"")));
  CHECK_FALSE(whole_number(Json{}));
}

TEST_CASE("a number becomes the double that is equal to it, or none", "[base][json]") {
  CHECK(exact_number(read("9007199254740992")) == 0x1p53);
  CHECK_FALSE(exact_number(read("9007199254740993")));
  CHECK(exact_number(read("-9007199254740992")) == -0x1p53);
  CHECK_FALSE(exact_number(read("-9007199254740993")));
  CHECK(exact_number(read("9007199254740994")) == 0x1p53 + 2);
  CHECK_FALSE(exact_number(read("9223372036854775807")));
  CHECK(exact_number(read("9223372036854775808")) == 0x1p63);
  CHECK(exact_number(read("-9223372036854775808")) == -0x1p63);
  CHECK_FALSE(exact_number(read("18446744073709551615")));
  CHECK(exact_number(read("18446744073709549568")) == 0x1p64 - 2048);
  CHECK(exact_number(read("0.1")) == 0.1);
  CHECK(std::signbit(exact_number(read("-0.0")).value()));
  CHECK_FALSE(exact_number(read("true")));
}

TEST_CASE("integers and doubles are compared as the numbers they are", "[base][json]") {
  CHECK(compare_exactly(9007199254740993, 0x1p53) == 1);
  CHECK(compare_exactly(9007199254740992, 0x1p53) == 0);
  CHECK(compare_exactly(9007199254740991, 0x1p53) == -1);
  CHECK(compare_exactly(kMost, 0x1p63) == -1);
  CHECK(compare_exactly(kLeast, -0x1p63) == 0);
  CHECK(compare_exactly(kLeast, -0x1p64) == 1);
  CHECK(compare_exactly(0, 0.5) == -1);
  CHECK(compare_exactly(0, -0.5) == 1);
  CHECK(compare_exactly(0, -0.0) == 0);
  CHECK(compare_exactly(-3, -3.5) == 1);
}

TEST_CASE("the first integer that nobody can keep is named", "[base][json]") {
  CHECK_FALSE(unfit_number(read(R"({"a": [1, -9223372036854775808, 1e300, "x"], "b": {}})")));
  const auto found = unfit_number(read(R"({"a": {"m/n": [1, 18446744073709551615]}})"));
  REQUIRE(found);
  CHECK(found->pointer == "/a/m~1n/1");
  CHECK(found->text == "18446744073709551615");
  CHECK(unfit_number(read("9223372036854775808"))->pointer.empty());
}

TEST_CASE("an integer of more digits than 64 bits have is refused where it is read",
          "[base][json]") {
  for (const auto* text : {R"({"loss": 18446744073709551616})", R"({"loss": -9223372036854775809})",
                           R"({"loss": 123456789012345678901234567890})"}) {
    const auto json = parse_json(text);
    REQUIRE_FALSE(json.ok());
    CHECK(json.error().code == Code::DataInvalid);
    CHECK_THAT(json.error().message, Catch::Contains("more than 64 bits"));
  }
  CHECK(parse_json(R"({"loss": 18446744073709551616.0, "e": 1e30})").ok());
}

TEST_CASE("a number is split into the double next to it and the rest", "[base][numbers]") {
  const auto split = [](const Json& value) {
    const auto parts = split_number(value);
    return parts ? std::pair{parts->nearest, parts->rest} : std::pair{0.0, std::int64_t{99}};
  };
  CHECK(split(0.5) == std::pair{0.5, std::int64_t{0}});
  CHECK(split(9007199254740992) == std::pair{0x1p53, std::int64_t{0}});
  CHECK(split(9007199254740993) == std::pair{0x1p53, std::int64_t{1}});
  CHECK(split(-9007199254740993) == std::pair{-0x1p53, std::int64_t{-1}});
  CHECK(split(std::numeric_limits<std::int64_t>::max()) == std::pair{0x1p63, std::int64_t{-1}});
  CHECK(split(std::numeric_limits<std::int64_t>::min()) == std::pair{-0x1p63, std::int64_t{0}});
  CHECK_FALSE(split_number(18446744073709551615u));
  CHECK_FALSE(split_number("1"));
}
