#include "plugins/preprocess/value_map.hpp"

#include <fstream>
#include <iterator>
#include <map>
#include <optional>
#include <string>

#include <catch2/catch.hpp>

#include <millrace/context.hpp>

#include "plugins/preprocess/text_column.hpp"

using namespace millrace;
using namespace millrace::preprocess;

namespace {

using MapTarget = std::optional<std::string_view>;

std::string range_error_of(const std::string& item) {
  ValueMap map;
  try {
    map.add_range(item, "x");
  } catch (const Failure& failure) {
    return failure.what();
  }
  return {};
}

}  // namespace

TEST_CASE("a map finds whole values only", "[preprocess][map_values]") {
  ValueMap map;
  map.add("a", "1");
  map.add("ab", "2");
  map.add("", "nothing");
  map.add("b", "1");
  CHECK(map.find("a") == MapTarget{"1"});
  CHECK(map.find("ab") == MapTarget{"2"});
  CHECK(map.find("") == MapTarget{"nothing"});
  CHECK(map.find("A") == MapTarget{});
  CHECK(map.find("abc") == MapTarget{});
  CHECK(map.targets() == std::vector<std::string>{"1", "2", "nothing"});
}

TEST_CASE("a range has both ends, and as many digits as they have", "[preprocess][map_values]") {
  ValueMap map;
  map.add_range("WH_F0099..WH_F0101", "forum");
  CHECK(map.size() == 3);
  CHECK(map.find("WH_F0099") == MapTarget{"forum"});
  CHECK(map.find("WH_F0100") == MapTarget{"forum"});
  CHECK(map.find("WH_F0101") == MapTarget{"forum"});
  CHECK(map.find("WH_F100") == MapTarget{});
  map.add_range("9..11", "plain");
  CHECK(map.find("9") == MapTarget{"plain"});
  CHECK(map.find("10") == MapTarget{"plain"});
  CHECK(map.find("09") == MapTarget{});
  map.add_range("7..7", "one");
  CHECK(map.find("7") == MapTarget{"one"});
  map.add_range("999999999999999998..999999999999999999", "large");
  CHECK(map.find("999999999999999999") == MapTarget{"large"});
}

TEST_CASE("what is no range is refused with its text", "[preprocess][map_values]") {
  for (const auto* item : {"A1..B2", "A..B", "A2..A1", "A01..A1", "A1..", "..A1", "..", "a...b",
                           "A1..A2..A3", "1..01", "A1000000000000000000..A1000000000000000001"}) {
    INFO(item);
    CHECK_THAT(range_error_of(item), Catch::Contains(item));
  }
  CHECK_THAT(range_error_of("A0..A1000000"), Catch::Contains("1000000 values"));
  CHECK(range_error_of("A0..A9").empty());
}

TEST_CASE("a value has one target; said again, it is the same", "[preprocess][map_values]") {
  ValueMap map;
  map.add_range("A1..A3", "x");
  map.add("A2", "x");
  CHECK(map.size() == 3);
  CHECK_THROWS_WITH(map.add_range("A3..A4", "y"),
                    Catch::Contains("A3") && Catch::Contains("x") && Catch::Contains("y"));
}

TEST_CASE("white space is stripped as Python strips it", "[preprocess][strip]") {
  CHECK(strip(" \t\n\v\f\r\x1c\x1d\x1e\x1f a b \x1f") == "a b");
  CHECK(strip("\u3000\u00a0\u0085\u1680\u2000\u200a\u2028\u2029\u202f\u205fx\u3000") == "x");
  CHECK(strip("陳先生\u3000 ") == "陳先生");
  CHECK(strip(" \u3000") == "");
  CHECK(strip("") == "");
  for (const auto* kept : {"\u200b", "\u180e", "\ufeff", "\u2060", "\x1b", "\x7f", "\u0084",
                           "\u00a1", "\u2010", "\u3001", "😀"}) {
    CHECK(strip(kept) == kept);
  }
  // Bytes that are no UTF-8 are no white space, and nothing is read behind them.
  for (const std::string_view kept : {"\xE3\x80", "\x80\x80", "\xC2", "\xA0", "\x85", "\xE3",
                                      "a\xE3\x80", "\xF0\x9F\x98", "\xE2\x80 x"}) {
    CHECK(strip(kept) == kept);
  }
  CHECK(strip("\x80\x80 ") == "\x80\x80");
}
