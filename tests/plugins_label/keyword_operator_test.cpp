// label.keyword and label.explain as built: through their plugin.
#include <optional>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include <millrace/testing.hpp>

#include "tests/plugins_label/keyword_fixture.hpp"

using namespace millrace;
using testing::OperatorHarness;

namespace {

using Labels = std::vector<std::optional<std::string>>;

testing::HarnessOptions options() {
  testing::HarnessOptions all;
  all.plugin_folders = {MR_BINARY_DIR "/lib/millrace/plugins"};
  return all;
}

Labels labels_of(const std::string& params, const Labels& texts) {
  OperatorHarness harness{"label.keyword", params, options()};
  const auto status = harness.push(test::texts(texts));
  INFO(status.message());
  REQUIRE(status.ok());
  REQUIRE(harness.finish().ok());
  return harness.optional_column<std::string>("label");
}

std::string fault_of(const std::string& params) {
  OperatorHarness harness{"label.keyword", params, options()};
  return harness.faults().empty()
             ? std::string{}
             : harness.faults()[0].pointer + ": " + harness.faults()[0].message;
}

}  // namespace

TEST_CASE("label.keyword labels names", "[label][keyword]") {
  CHECK(labels_of(R"({"rules": {
          "男性": [["先生", "partially"], ["哥", "end"], ["tom", "start"], ["王小明", "absolutely"]],
          "女性": [["小姐", "partially"], ["姐", "end"], ["amy", "start"]]}})",
                  {"陳先生", "Amy Lin", "林超哥", "TOM", "路人甲", "王小明", "小姐與先生",
                   "Tommy哥", std::nullopt, "路人乙小姐"}) == Labels{"男性", "女性", "男性", "男性",
                                                                     std::nullopt, "男性", "男性",
                                                                     "男性", std::nullopt, "女性"});
}

TEST_CASE("label.keyword adds columns of the names that it is given", "[label][keyword]") {
  OperatorHarness harness{"label.keyword",
                          R"({"rules": {"A": [["x", "start,end"]]}, "label_column": "a \"b\"",
                              "count_column": "count"})",
                          options()};
  REQUIRE(harness.push(test::texts({"x", "y", std::nullopt})).ok());
  REQUIRE(harness.finish().ok());
  CHECK(harness.optional_column<std::string>("a \"b\"") == Labels{"A", std::nullopt, std::nullopt});
  CHECK(harness.column<std::int64_t>("count") == std::vector<std::int64_t>{2, 0, 0});
  CHECK(harness.optional_column<std::string>("text") == Labels{"x", "y", std::nullopt});
}

TEST_CASE("label.keyword ignores the type exactly where it is told so", "[label][keyword]") {
  const std::string rules = R"("rules": {"A": [["Tom", "exactly"]]})";
  CHECK(labels_of("{" + rules + "}", {"TOM", "tommy"}) == Labels{"A", std::nullopt});
  CHECK(labels_of("{" + rules + R"(, "exactly": "ignored"})", {"TOM", "tommy"}) ==
        Labels{std::nullopt, std::nullopt});
}

TEST_CASE("label.keyword warns once of rules of unknown types", "[label][keyword]") {
  OperatorHarness harness{
      "label.keyword", R"({"rules": {"A": [["x", "end"], ["y", "fuzzy"], ["z", ""]]}})", options()};
  REQUIRE(harness.push(test::texts({"x"})).ok());
  REQUIRE(harness.push(test::texts({"x"})).ok());
  REQUIRE(harness.finish().ok());
  CHECK(harness.logs() ==
        std::vector<std::string>{"warn: keyword rules of unknown types are ignored: 2"});
  CHECK(harness.counts().at("ignoredRules") == 2);
}

TEST_CASE("instances of one node share what is made of its rules, also of a file that changes",
          "[label][keyword]") {
  const std::string address = "qiniu:///z0/in/rules.json";
  const auto make = [&](const std::string& node, const std::string& bytes) {
    auto all = options();
    all.node = node;
    OperatorHarness harness{"label.keyword", R"({"rules_file": ")" + address + "\"}", all};
    harness.put_object(address, bytes);
    REQUIRE(harness.push(test::texts({"x"})).ok());
    return harness;
  };
  auto first = make("one", R"({"A": [["x", "end"], ["x", "none"]]})");
  auto second = make("one", R"({"B": [["x", "end"], ["x", "none"]]})");
  auto other = make("two", R"({"B": [["x", "end"], ["x", "none"]]})");
  CHECK(second.column<std::string>("label") == std::vector<std::string>{"A"});
  CHECK(other.column<std::string>("label") == std::vector<std::string>{"B"});
  CHECK(first.logs().size() == 1);
  CHECK(second.logs().empty());
  CHECK(other.logs().size() == 1);
  first.destroy();
  second.destroy();
  CHECK(make("one", R"({"B": [["x", "end"]]})").column<std::string>("label") ==
        std::vector<std::string>{"B"});
}

TEST_CASE("label.keyword says before it runs what is wrong with its rules", "[label][keyword]") {
  CHECK(fault_of("{}") == "/rules: a rule set is needed: `rules` or `rules_file`");
  CHECK(fault_of(R"({"rules": {}, "rules_file": "work:///r"})") ==
        "/rules_file: a rule set stands in `rules` or in a file, not in both");
  CHECK(fault_of(R"({"rules": {"A": [["x", "end"], ["y"]]}})") ==
        "/rules: keyword rules: label 'A', rule 1: is no pair of a keyword and its type");
  CHECK(fault_of(R"({"rules": {"A": 1}})") ==
        "/rules: keyword rules: label 'A': must be a list of pairs of a keyword and its type");
  CHECK(
      fault_of(R"({"rules": {"A": [["x", [1]]]}})") ==
      "/rules: keyword rules: label 'A', rule 0: has a type that is no text and no list of texts");
  CHECK(fault_of(R"({"rules": {"A": [["x", "end"], ["y", "end"]]}, "max_keywords": 1})") ==
        "/rules: keyword rules: label 'A', rule 1: is one rule more than `max_keywords` allows, "
        "which is 1");
  CHECK(fault_of(R"({"rules": {}, "count_column": "label"})") ==
        ": each column that is added needs a name of its own: label");
  CHECK(fault_of(R"({"rules": {}, "label_column": "@root"})") ==
        ": the engine's own column cannot be added: @root");
  CHECK(fault_of(R"({"rules": {}})") == "");
}

TEST_CASE("label.keyword reads a file, and names it when it is wrong", "[label][keyword]") {
  const std::string address = "qiniu:///z0/in/rules.json";
  const auto push = [&](const std::string& bytes) {
    OperatorHarness harness{"label.keyword", R"({"rules_file": ")" + address + "\"}", options()};
    CHECK(harness.faults().empty());
    harness.put_object(address, bytes);
    const auto status = harness.push(test::texts({"x"}));
    return status.ok() ? *harness.column<std::string>("label").begin() : status.message();
  };
  CHECK(push(R"({"A": [["X", "end"]]})") == "A");
  CHECK_THAT(push(R"({"B": [["x"]]})"),
             Catch::Contains("label 'B', rule 0: is no pair") && Catch::Contains(address));
  CHECK_THAT(push("{"), Catch::Contains("no JSON at byte") && Catch::Contains(address));
}

TEST_CASE("label.explain tells why a text has its label, and reports on the rules",
          "[label][explain]") {
  OperatorHarness harness{
      "label.explain",
      R"({"rules": {"A": [["ab", "partially"], ["abc", "partially"], ["zz", "partially"]],
                                        "B": [["x", "start,end"]]}, "count_column": "count"})",
      options()};
  REQUIRE(harness.push(test::texts({"xABC", "x", "cab", std::nullopt, "q"})).ok());
  REQUIRE(harness.finish().ok());
  CHECK(harness.optional_column<std::string>("label") ==
        Labels{"A", "B", "A", std::nullopt, std::nullopt});
  const Batch table = harness.table();
  using Range = std::pair<std::int64_t, std::int64_t>;
  CHECK(table.list_range("why", 0) == Range{0, 3});
  CHECK(table.list_range("why", 1) == Range{3, 5});
  CHECK(table.list_range("why", 2) == Range{5, 6});
  CHECK(table.list_range("why", 4) == Range{6, 6});
  const Batch why = table.child("why");
  CHECK(why.column<std::string_view>("keyword").value(0) == "ab");
  CHECK(why.column<std::int64_t>("begin").value(0) == 1);
  CHECK(why.column<std::int64_t>("end").value(0) == 3);
  CHECK(why.column<std::string_view>("label").value(2) == "B");

  using Numbers = std::vector<std::int64_t>;
  CHECK(harness.column<std::int64_t>("rows", "rules") == Numbers{2, 1, 0, 2});
  CHECK(harness.column<std::int64_t>("alone", "rules") == Numbers{1, 0, 0, 1});
  CHECK(harness.column<std::int64_t>("conflicts", "rules") == Numbers{1, 1, 0, 1});
  CHECK(harness.column<std::int64_t>("chosen", "rules") == Numbers{2, 1, 0, 1});
  CHECK(harness.optional_column<std::string>("hidden_by", "rules") ==
        Labels{std::nullopt, "ab", std::nullopt, std::nullopt});
  CHECK(harness.column<std::string>("label", "conflicts") == std::vector<std::string>{"A"});
  CHECK(harness.column<std::string>("other", "conflicts") == std::vector<std::string>{"B"});
  CHECK(harness.column<std::int64_t>("rows", "conflicts") == Numbers{1});
}

TEST_CASE("label.explain lists no more reasons than it is told", "[label][explain]") {
  OperatorHarness harness{
      "label.explain",
      R"({"rules": {"A": [["a", "partially"]], "B": [["a", "start"], ["a", "end"]]},
                              "max_reasons": 1})",
      options()};
  REQUIRE(harness.push(test::texts({"a"})).ok());
  REQUIRE(harness.finish().ok());
  const Batch why = harness.table().child("why");
  REQUIRE(why.rows() == 1);
  CHECK(why.column<std::string_view>("label").value(0) == "B");
  CHECK(harness.column<std::int64_t>("rows", "rules") == std::vector<std::int64_t>{1, 1, 1});
}
