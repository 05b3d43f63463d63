#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "tests/plugins_label/keyword_fixture.hpp"

using namespace millrace;
using namespace millrace::label;
using test::keyword_rules;
using test::refused_keyword_rules;

namespace {

std::vector<std::string> types_of(const KeywordRules& rules) {
  std::vector<std::string> types;
  for (const KeywordRule& rule : rules.rules) types.push_back(rule.matches.text());
  return types;
}

}  // namespace

TEST_CASE("keyword rules keep the order of labels and rules", "[label][keyword_rules]") {
  const std::string json =
      R"({"男性": [["先生", "partially"], ["哥", "end"]], "B": [], "A": [["x", "start"]]})";
  for (const std::size_t piece : {1u, 3u, 1000u}) {
    const auto rules = keyword_rules(json, {}, piece);
    CHECK(rules.labels == std::vector<std::string>{"男性", "B", "A"});
    REQUIRE(rules.rules.size() == 3);
    CHECK(rules.rules[0].keyword == "先生");
    CHECK(rules.rules[1].place == 1);
    CHECK(rules.rules[2].label == 2);
    CHECK(types_of(rules) == std::vector<std::string>{"partially", "end", "start"});
    CHECK(rules.ignored == 0);
  }
}

TEST_CASE("a type that is a text holds words, one in a list is a word", "[label][keyword_rules]") {
  const auto rules = keyword_rules(
      R"({"A": [["a", "start,end"], ["b", ["start", "partially"]], ["c", "absolutely partially"],
                ["d", "exactly"], ["e", "xstartx"], ["f", ["start,end"]], ["g", ""], ["h", []], ["i", "Start"]]})");
  CHECK(types_of(rules) == std::vector<std::string>{"start,end", "partially,start",
                                                    "partially,absolutely", "absolutely", "start"});
  CHECK(rules.ignored == 4);
  CHECK(rules.rules.back().place == 4);
}

TEST_CASE("the type exactly is equality, or nothing", "[label][keyword_rules]") {
  const auto json =
      R"({"A": [["Tom", "exactly"], ["Tim", "absolutely"], ["Jim", ["exactly", "end"]]]})";
  CHECK(keyword_rules(json).rules.size() == 3);
  const auto rules = keyword_rules(json, {.exactly_is_equality = false});
  CHECK(types_of(rules) == std::vector<std::string>{"absolutely", "end"});
  CHECK(rules.ignored == 1);
}

TEST_CASE("of a label that stands twice the last rules count, at its first place",
          "[label][keyword_rules]") {
  const auto rules = keyword_rules(
      R"({"A": [["a", "end"], ["b", "none"]], "B": [["b", "end"]], "A": [["c", "end"]]})");
  CHECK(rules.labels == std::vector<std::string>{"A", "B"});
  REQUIRE(rules.rules.size() == 2);
  CHECK(rules.rules[0].keyword == "c");
  CHECK(rules.rules[0].place == 0);
  CHECK(rules.ignored == 0);
}

TEST_CASE("what is no rule set is refused with label and place", "[label][keyword_rules]") {
  CHECK(refused_keyword_rules("[]") ==
        "keyword rules must be an object of labels, each with its rules");
  CHECK(refused_keyword_rules("7") ==
        "keyword rules must be an object of labels, each with its rules");
  CHECK(refused_keyword_rules(R"({"A": {"x": "end"}})") ==
        "keyword rules: label 'A': must be a list of pairs of a keyword and its type");
  CHECK(refused_keyword_rules(R"({"A": null})") ==
        "keyword rules: label 'A': must be a list of pairs of a keyword and its type");
  CHECK(refused_keyword_rules(R"({"A": [["x", "end"], "xy"]})") ==
        "keyword rules: label 'A', rule 1: is no pair of a keyword and its type");
  CHECK(refused_keyword_rules(R"({"A": [["x"]]})") ==
        "keyword rules: label 'A', rule 0: is no pair of a keyword and its type");
  CHECK(refused_keyword_rules(R"({"A": [["x", "end", "end"]]})") ==
        "keyword rules: label 'A', rule 0: is no pair of a keyword and its type");
  CHECK(refused_keyword_rules(R"({"A": [[]]})") ==
        "keyword rules: label 'A', rule 0: is no pair of a keyword and its type");
  CHECK(refused_keyword_rules(R"({"性": [[1, "end"]]})") ==
        "keyword rules: label '性', rule 0: has a keyword that is no text");
  CHECK(refused_keyword_rules(R"({"A": [[["x"], "end"]]})") ==
        "keyword rules: label 'A', rule 0: has a keyword that is no text");
  CHECK(refused_keyword_rules(R"({"A": [["x", null]]})") ==
        "keyword rules: label 'A', rule 0: has a type that is no text and no list of texts");
  CHECK(refused_keyword_rules(R"({"A": [["x", ["end", 1]]]})") ==
        "keyword rules: label 'A', rule 0: has a type that is no text and no list of texts");
  CHECK(refused_keyword_rules(R"({"A": [["x", [["end"]]]]})") ==
        "keyword rules: label 'A', rule 0: has a type that is no text and no list of texts");
}

TEST_CASE("text that is no JSON is refused with the byte", "[label][keyword_rules]") {
  using Catch::Matchers::StartsWith;
  CHECK_THAT(refused_keyword_rules(""), StartsWith("keyword rules: no JSON at byte "));
  CHECK_THAT(refused_keyword_rules(R"({"A": [["x", "end"]])"),
             StartsWith("keyword rules: no JSON at byte 21"));
  CHECK_THAT(refused_keyword_rules("{\"A\xff\": []}"),
             StartsWith("keyword rules: no JSON at byte "));
  CHECK_THAT(refused_keyword_rules(R"({"A": [["\ud800", "end"]]})"),
             StartsWith("keyword rules: no JSON at byte "));
  CHECK_THAT(refused_keyword_rules(R"({} {})"), StartsWith("keyword rules: no JSON at byte "));
  CHECK_THAT(refused_keyword_rules("{"), !Catch::Contains("[json"));
  // However deep it is, the first thing out of place ends it.
  CHECK_THAT(refused_keyword_rules(R"({"A": )" + std::string(1'000'000, '[')),
             StartsWith("keyword rules: label 'A', rule 0: "));
}

TEST_CASE("keyword rules have limits, each with its name", "[label][keyword_rules]") {
  const KeywordLimits few{.max_keywords = 2};
  CHECK(refused_keyword_rules(R"({"A": [["x", "end"], ["y", "end"]], "B": []})", few) == "");
  CHECK(
      refused_keyword_rules(R"({"A": [["x", "end"], ["y", "none"]], "B": [["z", "end"]]})", few) ==
      "keyword rules: label 'B', rule 0: is one rule more than `max_keywords` allows, which is 2");
  CHECK(refused_keyword_rules(R"({"A": [], "B": [], "C": []})", few) ==
        "keyword rules: label 'C': is one label more than `max_keywords` allows, which is 2");

  const auto one = [](const std::string& label, const std::string& keyword) {
    return "{\"" + label + "\": [[\"" + keyword + "\", \"partially\"]]}";
  };
  CHECK(refused_keyword_rules(one("A", std::string(KeywordLimits::kMaxKeywordBytes, 'k'))) == "");
  CHECK(refused_keyword_rules(one("A", std::string(KeywordLimits::kMaxKeywordBytes + 1, 'k'))) ==
        "keyword rules: label 'A', rule 0: has a keyword of 8193 bytes, allowed are 8192");
  CHECK(refused_keyword_rules(one(std::string(KeywordLimits::kMaxLabelBytes, 'l'), "k")) == "");
  CHECK(refused_keyword_rules(one(std::string(KeywordLimits::kMaxLabelBytes + 1, 'l'), "k")) ==
        "keyword rules: label '" + std::string(60, 'l') + "...' has 1025 bytes, allowed are 1024");
}

TEST_CASE("a file that never ends is given up at its limit", "[label][keyword_rules]") {
  constexpr std::uint64_t kMost = 1u << 20;
  std::uint64_t given = 0;
  const auto blanks = [&](std::span<char> buffer) {
    std::fill(buffer.begin(), buffer.end(), ' ');
    given += buffer.size();
    return buffer.size();
  };
  try {
    static_cast<void>(read_keyword_rules(blanks, {.max_file_bytes = kMost}));
    FAIL("it ended");
  } catch (const Failure& failure) {
    CHECK(failure.code() == MR_EXHAUSTED);
  }
  CHECK(given <= kMost + (1u << 17));
}
