// What the operators are made of: times, windows, texts.
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "plugins/sql/wall_time.hpp"
#include "plugins/sql/whole_text.hpp"
#include "plugins/sql/windows.hpp"

using namespace millrace::sql_operators;
namespace sql = millrace::sql;

TEST_CASE("a time on the wall reads back as it was written", "[sql][time]") {
  for (const std::string text :
       {"1970-01-01 00:00:00", "2021-01-31 06:00:00", "2020-02-29 23:59:59.999999",
        "1969-12-31 23:59:59.500000", "0001-01-01 00:00:00", "9999-12-31 23:59:59"}) {
    const auto time = parse_wall_time(text);
    REQUIRE(time);
    CHECK(spell_wall_time(*time) == text);
  }
  CHECK(parse_wall_time("1970-01-02") == 24 * kHour);
  CHECK(parse_wall_time("1970-01-01T00:00:01.25") == 1'250'000);
  CHECK(parse_wall_time("1970-01-01 00:00:00.1234567") == 123'456);
  CHECK(spell_wall_time(0, 'T') == "1970-01-01T00:00:00");
  const std::int64_t first = *parse_wall_time("0001-01-01");
  const std::int64_t behind = *parse_wall_time("9999-12-31") + 24 * kHour;
  for (std::uint64_t random = 42, i = 0; i < 2'000; ++i) {
    random = random * 6364136223846793005u + 1442695040888963407u;
    const auto time = first + static_cast<std::int64_t>((random >> 1) %
                                                        static_cast<std::uint64_t>(behind - first));
    CAPTURE(time);
    CHECK(parse_wall_time(spell_wall_time(time)) == time);
  }
  CHECK(spell_wall_time(first - kSecond) == "0000-12-31 23:59:59");
  CHECK(spell_wall_time(behind) == "10000-01-01 00:00:00");
}

TEST_CASE("what is no time is none", "[sql][time]") {
  for (const auto* text :
       {"", "2021", "2021-1-31", "2021-02-29", "2021-13-01", "0000-00-00 00:00:00", "2021-01-31 ",
        "2021-01-31 06:00", "2021-01-31 24:00:00", "2021-01-31 06:60:00", "2021-01-31 06:00:60",
        "2021-01-31 06:00:00.", "2021-01-31 06:00:00.2x", "2021-01-31 06:00:00Z",
        "2021-01-31_06:00:00", "-021-01-31", "2021-01-31 -6:00:00", "2021/01/31"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_wall_time(text));
  }
}

TEST_CASE("half-open windows cover each time once, the last one is cut", "[sql][windows]") {
  const Windows windows{10, 100, 30};
  CHECK(windows.end() == 100);
  CHECK(windows.before({10, 100}) == 100);
  for (const auto& [time, start] :
       std::vector<std::pair<int, int>>{{10, 10}, {39, 10}, {40, 40}, {99, 70}}) {
    const auto starts = windows.starts_of(time, {10, 100});
    CHECK(starts.first == start);
    CHECK(starts.last == start);
  }
  CHECK(Windows{10, 10, 30}.end() == 10);
  CHECK(Windows{10, 5, 30}.end() == 10);
}

TEST_CASE("closed windows share their borders, and none is cut", "[sql][windows]") {
  const Windows windows{10, 105, 30, true};
  CHECK(windows.end() == 100);
  CHECK(windows.before({10, 40}) == 41);
  CHECK(windows.before({10, 25}) == 25);  // amid a window
  const auto starts = [&](std::int64_t time, Windows::Range range) {
    const auto found = windows.starts_of(time, range);
    return std::pair{found.first, found.last};
  };
  using Pair = std::pair<std::int64_t, std::int64_t>;
  CHECK(starts(40, {10, 100}) == Pair{10, 40});
  CHECK(starts(41, {10, 100}) == Pair{40, 40});
  CHECK(starts(10, {10, 100}) == Pair{10, 10});
  CHECK(starts(100, {10, 100}) == Pair{70, 70});
  // Of two ranges that meet there, each has its own window.
  CHECK(starts(40, {10, 40}) == Pair{10, 10});
  CHECK(starts(40, {40, 100}) == Pair{40, 40});
}

TEST_CASE("bytes that are no character become one that says so", "[sql][text]") {
  sql::Column column;
  const std::vector<std::string> given{"plain", "\xE4\xB8\xAD", "\xE4\xB8",         "\xAD x",
                                       "",      "a\xFFz",       "\xF0\x9F\x98\x80", "\xED\xA0\x80"};
  for (const auto& text : given) column.append(std::string_view{text});
  column.append_null();
  CHECK(mend_texts(column) == 4);
  const std::string odd = "\xEF\xBF\xBD";
  const std::vector<std::string> wanted{
      "plain", "\xE4\xB8\xAD",  odd + odd,          odd + " x",
      "",      "a" + odd + "z", "\xF0\x9F\x98\x80", odd + odd + odd};
  for (std::size_t row = 0; row < wanted.size(); ++row)
    CHECK(column.text(static_cast<std::int64_t>(row)) == wanted[row]);
  CHECK(column.is_null(static_cast<std::int64_t>(wanted.size())));
  CHECK(mend_texts(column) == 0);
}

// The two texts together are a character; each alone is not.
TEST_CASE("a character that two texts share is in neither", "[sql][text]") {
  sql::Column column;
  column.append(std::string_view{"a\xC3"});
  column.append(std::string_view{"\xA4"});
  CHECK(mend_texts(column) == 2);
}
