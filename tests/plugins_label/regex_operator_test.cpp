#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include <millrace/testing.hpp>

using millrace::testing::batch;
using millrace::testing::null;
using millrace::testing::OperatorHarness;

namespace {

OperatorHarness regex_harness(std::string_view params) {
  millrace::testing::HarnessOptions options;
  options.library = MR_BINARY_DIR "/lib/millrace/plugins/label.so";
  return OperatorHarness{"label.regex", params, options};
}

std::vector<std::optional<std::string>> regex_labels(const OperatorHarness& regex) {
  return regex.optional_column<std::string>("label");
}

std::string logged(const OperatorHarness& regex) {
  std::string lines;
  for (const auto& line : regex.logs()) lines += line + '\n';
  return lines;
}

// Exponential in a text of many a and a b; the filter knows nothing of what the look-ahead wants.
constexpr auto kEvil = R"({"rules": {"A": ["(?:a|aa)+(?!a|b)c*"]}, "match_limit": 100000)";

}  // namespace

TEST_CASE("the label with most of its patterns is chosen, of equal ones the first",
          "[label][regex]") {
  auto regex = regex_harness(
      R"({"column": "content", "count_column": "n",
          "rules": {"女性": ["我男友", "女生一枚"], "男性": ["我女友", "當兵"], "學生": ["段考|期末考"]}})");
  REQUIRE(regex
              .push(batch({{"content",
                            {"我女友今天", "我男友今天", "當兵與我女友", "期末考 我男友",
                             "我男友 女生一枚 期末考", "段考", "當兵 我男友", "無", null}}}))
              .ok());
  REQUIRE(regex.finish().ok());
  CHECK(regex_labels(regex) == std::vector<std::optional<std::string>>{
                                   "男性", "女性", "男性", "女性", "女性", "學生", "女性", {}, {}});
  CHECK(regex.column<std::int64_t>("n") == std::vector<std::int64_t>{1, 1, 2, 1, 2, 1, 1, 0, 0});
}

TEST_CASE("texts are lower-cased, and patterns match both cases unless told otherwise",
          "[label][regex]") {
  const std::vector<std::optional<std::string>> both{"A", "A"}, none{{}, {}};
  auto alike = regex_harness(R"({"rules": {"A": ["ABC\\S"]}})");
  REQUIRE(alike.push(batch({{"text", {"xabcx", "xABCx"}}})).ok());
  CHECK(regex_labels(alike) == both);
  auto as_written = regex_harness(R"({"rules": {"A": ["ABC"]}, "ignore_case": false})");
  REQUIRE(as_written.push(batch({{"text", {"xabcx", "xABCx"}}})).ok());
  CHECK(regex_labels(as_written) == none);
  auto lower = regex_harness(R"({"rules": {"A": ["abc"]}, "ignore_case": false})");
  REQUIRE(lower.push(batch({{"text", {"xabcx", "xABCx"}}})).ok());
  CHECK(regex_labels(lower) == both);
}

TEST_CASE("each wrong pattern is a fault with its label and index", "[label][regex]") {
  const auto regex = regex_harness(R"({"rules": {"A": ["a", "*a"], "B": ["(", "b"]}})");
  REQUIRE(regex.faults().size() == 2);
  CHECK(regex.faults()[0].message == "label A, pattern 1: nothing to repeat at position 0");
  CHECK(regex.faults()[1].message ==
        "label B, pattern 0: missing ), unterminated subpattern at position 0");
  CHECK(regex_harness(R"({"rules": {"A": "a"}})").faults().at(0).message ==
        "regex rules: label A: a list of patterns is needed");
  CHECK(regex_harness(R"({"rules": {"A": [1]}})").faults().at(0).message ==
        "regex rules: label A, pattern 0: it is no text");
  CHECK(regex_harness(R"({"rules": {"A": ["a", "b"]}, "max_patterns": 1})").faults().size() == 1);
  CHECK(regex_harness("{}").faults().size() == 1);
}

TEST_CASE("a row over the match limit is unlabelled, counted and told of without its text",
          "[label][regex]") {
  auto regex = regex_harness(std::string{kEvil} + R"(, "max_over_limit": 0.5})");
  const std::string evil = std::string(5000, 'a') + "b";
  REQUIRE(regex.push(batch({{"text", {evil, "aa", evil, "b", "aa", "a"}}})).ok());
  REQUIRE(regex.finish().ok());
  CHECK(regex_labels(regex) == std::vector<std::optional<std::string>>{{}, "A", {}, {}, "A", "A"});
  CHECK(regex.counts().at("rowsOverMatchLimit") == 2);
  const auto log = logged(regex);
  CHECK_THAT(log, Catch::Contains("pattern 0 of label A exceeded the match limit rows=2"));
  CHECK_THAT(log, !Catch::Contains("aaaa"));
}

TEST_CASE("more rows over the match limit than allowed fail the run", "[label][regex]") {
  const std::string evil = std::string(5000, 'a') + "b";
  auto at_end = regex_harness(std::string{kEvil} + "}");
  REQUIRE(at_end.push(batch({{"text", {evil, "aa"}}})).ok());
  const auto status = at_end.finish();
  CHECK_FALSE(status.ok());
  CHECK_THAT(status.message(), Catch::Contains("pattern 0 of label A exceeded the match limit") &&
                                   Catch::Contains("1 of 2 rows"));
  at_end.destroy();  // what the instances of a node count in one job, they count together
  // What goes on like that does not wait for the end.
  auto soon = regex_harness(std::string{kEvil} + "}");
  int batches = 0;
  while (batches < 100 && soon.push(batch({{"text", {evil}}})).ok()) ++batches;
  CHECK(batches == 10);
  soon.destroy();
  // Nor for the end of a batch: the eleventh row is the last.
  auto within = regex_harness(std::string{kEvil} + "}");
  std::vector<millrace::testing::Cell> rows(100, evil);
  CHECK_THAT(within.push(batch({{"text", rows}})).message(), Catch::Contains("11 of 11 rows"));
}

TEST_CASE("a row of 16 MB is searched", "[label][regex]") {
  auto regex = regex_harness(R"({"rules": {"A": ["(?<!x)needle\\b"], "B": ["^q.*z$"]}})");
  std::string text(16u << 20, 'q');
  text += " needle";
  REQUIRE(regex.push(batch({{"text", {std::string_view{text}, "q\nz"}}})).ok());
  CHECK(regex_labels(regex) == std::vector<std::optional<std::string>>{"A", {}});
}
