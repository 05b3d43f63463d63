#include "plugins/label/python_pattern.hpp"

#include <sstream>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "plugins/label/python_pattern_unicode.hpp"
#include "tests/fixtures/python_lines.hpp"

using namespace millrace::label;

namespace {

std::string error_of(std::string_view pattern) {
  const auto found = parse_pattern(pattern, {});
  const auto* error = std::get_if<PatternError>(&found);
  return error == nullptr ? "" : error->message;
}

Pattern parsed(std::string_view pattern, bool ignores_case = false) {
  auto found = parse_pattern(pattern, {.ignores_case = ignores_case});
  if (const auto* error = std::get_if<PatternError>(&found)) FAIL(error->message);
  return std::get<Pattern>(std::move(found));
}

std::string repeated(std::string_view text, std::size_t times) {
  std::string whole;
  for (std::size_t i = 0; i < times; ++i) whole += text;
  return whole;
}

}  // namespace

TEST_CASE("a wrong pattern is refused in Python's words, with Python's place", "[label][pattern]") {
  CHECK(error_of("*a") == "nothing to repeat at position 0");
  CHECK(error_of("女(a") == "missing ), unterminated subpattern at position 1");
  CHECK(error_of("(?<=a*)b") == "look-behind requires fixed-width pattern");
  CHECK(error_of("\\q") == "bad escape \\q at position 0");
  CHECK(error_of("a(?i)") == "global flags not at the start of the expression at position 1");
  CHECK(error_of("(*ACCEPT)") == "nothing to repeat at position 1");
  CHECK(error_of("a\n(") == "missing ), unterminated subpattern at position 2 (line 2, column 1)");
  CHECK(error_of("(?P<n>a)(?P<n>b)") ==
        "redefinition of group name 'n' as group 2; was group 1 at position 12");
}

TEST_CASE("what Python takes and we do not is refused in words of our own", "[label][pattern]") {
  CHECK_THAT(error_of("a{65536}"), Catch::StartsWith("a repeat counts further than 65535"));
  CHECK(error_of("a{65535}").empty());
  CHECK_THAT(error_of("(a(?(1)b|c))"), Catch::Contains("group that it stands in"));
  CHECK_THAT(error_of(repeated("(", 300) + repeated(")", 300)),
             Catch::Contains("nested more than 200 deep"));
  CHECK(error_of(repeated("(", 200) + repeated(")", 200)).empty());
  CHECK_THAT(error_of(repeated("a", 65537)), Catch::Contains("longer than 65536"));
  CHECK(error_of(repeated("女", 65536)).empty());
  CHECK_THAT(error_of("a\xFF"), Catch::Contains("no UTF-8 at byte 1"));
}

TEST_CASE("a set that may come to mean something else gives Python's warning", "[label][pattern]") {
  CHECK(parsed("[[:alpha:]]").warnings ==
        std::vector<std::string>{"Possible nested set at position 1"});
  CHECK(parsed("[a&&b]").warnings ==
        std::vector<std::string>{"Possible set intersection at position 2"});
  CHECK(parsed("[ab]").warnings.empty());
}

TEST_CASE("characters are sets of code points, case and all", "[label][pattern]") {
  const auto ranges = [](const Pattern& pattern) {
    const auto found = pattern.sets.at(0).ranges();
    return std::vector<CodeRange>(found.begin(), found.end());
  };
  CHECK(ranges(parsed("k", true)) ==
        std::vector<CodeRange>{{'K', 'K'}, {'k', 'k'}, {0x212A, 0x212A}});
  CHECK(ranges(parsed("Σ", true)) == std::vector<CodeRange>{{0x3A3, 0x3A3}, {0x3C2, 0x3C3}});
  CHECK(ranges(parsed("(?a)k", true)) == std::vector<CodeRange>{{'K', 'K'}, {'k', 'k'}});
  CHECK(parsed("(?i)1").root.code == '1');
  CHECK(parsed(repeated("[\\w!]", 5000)).sets.size() == 1);
}

TEST_CASE("sets of code points are joined, cut and turned round", "[label][pattern]") {
  const CodeSet letters{{{'a', 'f'}, {'d', 'k'}, {'l', 'l'}, {'x', 'z'}}};
  CHECK(letters == CodeSet{{{'a', 'l'}, {'x', 'z'}}});
  CHECK(letters.complement().complement() == letters);
  CHECK(CodeSet::all().complement().empty());
  CHECK(letters.without(CodeSet{{{'b', 'y'}}}) == CodeSet{{{'a', 'a'}, {'z', 'z'}}});
  CHECK(letters.has_all(CodeSet{{{'b', 'c'}, {'z', 'z'}}}));
  CHECK_FALSE(letters.has_all(CodeSet{{{'k', 'n'}}}));
  CHECK(letters.has('l'));
  CHECK_FALSE(letters.has('m'));
}

TEST_CASE("every code point is what Python's re takes it for", "[label][pattern]") {
  std::uint32_t points = 0;
  std::vector<std::string> different;
  millrace::test::each_line_of_python(
      "plugins_label/python_characters.py", [&](const std::string& line) {
        const std::uint32_t code = points++;
        const std::u32string one(1, static_cast<char32_t>(code));
        const unsigned bits = static_cast<unsigned>(python::word(false).has(code)) |
                              static_cast<unsigned>(python::digit(false).has(code)) << 1U |
                              static_cast<unsigned>(python::space(false).has(code)) << 2U |
                              static_cast<unsigned>(python::is_cased(code, false)) << 3U |
                              static_cast<unsigned>(python::is_letter(code)) << 4U |
                              static_cast<unsigned>(python::is_identifier(one)) << 5U |
                              static_cast<unsigned>(python::is_identifier(U"a" + one)) << 6U;
        std::ostringstream ours;
        ours << std::hex << code << ' ' << bits << ' ' << python::lower(code, false);
        for (const auto& range : python::same_upper(code).ranges()) {
          for (auto other = range.first; other <= range.last; ++other) ours << ' ' << other;
        }
        if (ours.str() != line && different.size() < 10)
          different.push_back(line + " / " + ours.str());
      });
  CHECK(points == kLastCodePoint + 1);
  CHECK(different == std::vector<std::string>{});
}
