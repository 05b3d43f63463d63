// Values that are brought to other types, and numbers that are rounded.
#include "plugins/tables/cast.hpp"

#include <cmath>
#include <limits>
#include <string>
#include <string_view>

#include <catch2/catch.hpp>

#include <millrace/context.hpp>

#include "plugins/tables/text_template.hpp"

using namespace millrace;
using namespace millrace::tables;

namespace {

OwnCell brought(const OwnCell& value, Type from, Type to) {
  return cast(view(value), from, to, "c");
}

// What is said of a value that has no equal in a type; empty where it has one.
std::string refusal(const OwnCell& value, Type from, Type to) {
  try {
    static_cast<void>(brought(value, from, to));
  } catch (const Failure& failure) {
    CHECK(failure.code() == MR_DATA_INVALID);
    return failure.what();
  }
  return {};
}

}  // namespace

TEST_CASE("texts are read as numbers and times, and nothing else is", "[tables][cast]") {
  const auto whole = [](std::string text) {
    return brought(std::move(text), Type::Utf8, Type::Int64);
  };
  CHECK(whole("0") == OwnCell{std::int64_t{0}});
  CHECK(whole("-9223372036854775808") == OwnCell{std::numeric_limits<std::int64_t>::min()});
  CHECK(whole("+7") == OwnCell{std::int64_t{7}});
  for (const char* text :
       {"", " 1", "1 ", "1.0", "0x10", "9223372036854775808", "+-1", "--1", "１", "1,000"})
    CHECK_THAT(refusal(std::string{text}, Type::Utf8, Type::Int64),
               Catch::StartsWith("column 'c'"));
  CHECK(brought(std::string{"-0.5"}, Type::Utf8, Type::Float64) == OwnCell{-0.5});
  CHECK(brought(std::string{"1e3"}, Type::Utf8, Type::Float64) == OwnCell{1000.0});
  for (const char* text : {"", "nan", "inf", "1e999", "1.2.3", "0,5"})
    CHECK_FALSE(refusal(std::string{text}, Type::Utf8, Type::Float64).empty());
  CHECK(brought(std::string{"1970-01-01 00:00:01.5"}, Type::Utf8, Type::Timestamp) ==
        OwnCell{std::int64_t{1'500'000}});
  for (const char* text : {"", "2021-02-30", "2021-01-01 24:00:00", "yesterday"})
    CHECK_FALSE(refusal(std::string{text}, Type::Utf8, Type::Timestamp).empty());
}

TEST_CASE("numbers are brought to others only where they are equal", "[tables][cast]") {
  constexpr std::int64_t kExact = std::int64_t{1} << 53;
  CHECK(brought(kExact, Type::Int64, Type::Float64) == OwnCell{0x1p53});
  CHECK_FALSE(refusal(kExact + 1, Type::Int64, Type::Float64).empty());
  CHECK_FALSE(
      refusal(std::numeric_limits<std::int64_t>::max(), Type::Int64, Type::Float64).empty());
  CHECK(brought(-0x1p63, Type::Float64, Type::Int64) ==
        OwnCell{std::numeric_limits<std::int64_t>::min()});
  for (const double number : {0x1p63, 0.5, std::nan(""), HUGE_VAL})
    CHECK_FALSE(refusal(number, Type::Float64, Type::Int64).empty());
  CHECK(brought(true, Type::Bool, Type::Int64) == OwnCell{std::int64_t{1}});
  CHECK(brought(std::int64_t{5}, Type::Int64, Type::Timestamp) == OwnCell{std::int64_t{5}});
  CHECK_FALSE(refusal(1.0, Type::Float64, Type::Timestamp).empty());
  CHECK_FALSE(refusal(std::int64_t{1}, Type::Timestamp, Type::Float64).empty());
}

TEST_CASE("values have one text each", "[tables][cast]") {
  const auto text = [](const OwnCell& value, Type type) {
    return std::get<std::string>(brought(value, type, Type::Utf8));
  };
  CHECK(text(50.0, Type::Float64) == "50.0");
  CHECK(text(48.03, Type::Float64) == "48.03");
  CHECK(text(std::int64_t{-7}, Type::Int64) == "-7");
  CHECK(text(false, Type::Bool) == "false");
  CHECK(text(std::int64_t{21'600'250'000}, Type::Timestamp) == "1970-01-01 06:00:00.250000");
  // A year has four digits.
  CHECK(text(std::int64_t{253'402'300'799'000'000}, Type::Timestamp) == "9999-12-31 23:59:59");
  CHECK_FALSE(refusal(std::int64_t{253'402'300'800'000'000}, Type::Timestamp, Type::Utf8).empty());
  CHECK_FALSE(
      refusal(std::numeric_limits<std::int64_t>::min(), Type::Timestamp, Type::Utf8).empty());
}

TEST_CASE("an error shows the beginning of a long value, whole characters of it",
          "[tables][cast]") {
  std::string long_text;
  for (int i = 0; i < 1000; ++i) long_text += "\xE7\x94\xB7";
  const auto said = refusal(long_text, Type::Utf8, Type::Int64);
  CHECK(said.size() < 200);
  CHECK_THAT(said, Catch::EndsWith("\xE7\x94\xB7..."));
}

TEST_CASE("numbers are rounded by their binary value, a half to the even digit", "[tables][cast]") {
  const auto rate = [](double of, double all) { return round_to(of / all * 100, 2); };
  CHECK(rate(109614, 228206) == 48.03);
  CHECK(rate(236705, 1672893) == 14.15);
  CHECK(rate(10725, 50216) == 21.36);
  CHECK(rate(1, 32) == 3.12);
  CHECK(rate(2, 2) == 100.0);
  CHECK(rate(0, 7) == 0.0);
  CHECK(round_to(2.675, 2) == 2.67);
  CHECK(round_to(0.5, 0) == 0.0);
  CHECK(round_to(1.5, 0) == 2.0);
  CHECK_FALSE(std::signbit(round_to(-0.001, 2)));
  CHECK(round_to(1.7976931348623157e308, 15) == 1.7976931348623157e308);
  CHECK(round_to(5e-324, 15) == 0.0);
  CHECK(std::isnan(round_to(std::nan(""), 2)));
}

TEST_CASE("a text has columns in braces", "[tables][text_template]") {
  const TextTemplate plain{"no column"};
  CHECK(plain.columns().empty());
  const TextTemplate two{"{{{done}}} of {all rows}"};
  CHECK(two.columns() == std::vector<std::string>{"done", "all rows"});
  CHECK(two.texts() == std::vector<std::string>{"{", "} of ", ""});
  for (const char* text : {"{", "}", "{}", "{a", "a}", "{a{b}", "{{}", "{a}}"})
    CHECK_THROWS_AS(TextTemplate{text}, Failure);
}
