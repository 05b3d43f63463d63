#include <optional>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include <millrace/context.hpp>

#include "plugins/label/explain_report.hpp"
#include "plugins/label/keyword_explainer.hpp"
#include "plugins/label/lower.hpp"
#include "tests/plugins_label/keyword_fixture.hpp"

using namespace millrace;
using namespace millrace::label;

namespace {

std::vector<RuleHit> explain(std::string_view json, const std::string& text) {
  const auto rules = test::keyword_rules(json);
  KeywordExplainer explainer{rules, [] { return false; }};
  std::vector<RuleHit> found;
  const Batch batch = test::texts({"other", text});
  explainer.explain(batch.column<std::string_view>("text"), [&](std::int64_t row, auto hits) {
    if (row == 1) found.assign(hits.begin(), hits.end());
  });
  return found;
}

}  // namespace

TEST_CASE("a hit says which rule matches, and where in characters of the text",
          "[label][explain]") {
  constexpr auto kRules =
      R"({"A": [["先生", "partially"], ["陳", "start"], ["生", "end"], ["", "end"]],
                              "B": [["陳先生", "absolutely"]]})";
  CHECK(explain(kRules, "陳先生") ==
        std::vector<RuleHit>{{0, 1, 3}, {1, 0, 1}, {2, 2, 3}, {3, 3, 3}, {4, 0, 3}});
  CHECK(explain(kRules, "xy先生z") == std::vector<RuleHit>{{0, 2, 4}, {3, 5, 5}});
}

TEST_CASE("places are those of the text, though its lower case is longer", "[label][explain]") {
  CHECK(explain(R"({"A": [["x", "partially"]]})", "İİX") == std::vector<RuleHit>{{0, 2, 3}});
  CHECK(explain(R"({"A": [["İ", "end"]]})", "Xİ") == std::vector<RuleHit>{{0, 1, 2}});
  CHECK(explain(R"({"A": [["i", "start"]]})", "İX") == std::vector<RuleHit>{{0, 0, 1}});
  CHECK(explain(R"({"A": [["\u0307x", "end"]]})", "aİX") == std::vector<RuleHit>{{0, 1, 3}});
  CHECK(explain(R"({"A": [["x", "partially"]]})", "ȺȺX") == std::vector<RuleHit>{{0, 2, 3}});
}

TEST_CASE("a rule is hidden by one of its label whose keyword its own has", "[label][explain]") {
  const auto rules = test::keyword_rules(R"({
    "A": [["abc", "partially"], ["B", "partially"], ["b", "partially"], ["ab", "start"], ["xb", "partially,end"]],
    "B": [["bb", "partially"]]})");
  KeywordExplainer explainer{rules, [] { return false; }};
  using Rule = std::optional<std::uint32_t>;
  CHECK(explainer.hidden_by() == std::vector<Rule>{1, {}, 1, {}, {}, {}});
}

TEST_CASE("a report counts rows by rule: alone, in conflict, chosen", "[label][explain]") {
  RuleReport report{{0, 0, 1}};
  report.add(std::vector<RuleHit>{{0, 0, 1}}, 0);
  report.add(std::vector<RuleHit>{{0, 0, 1}, {0, 2, 3}, {1, 0, 1}}, 0);
  report.add(std::vector<RuleHit>{{1, 0, 1}, {2, 0, 1}}, 1);
  report.add({}, -1);
  CHECK(report.of_rule(0) == RuleReport::Counts{2, 1, 0, 2});
  CHECK(report.of_rule(1) == RuleReport::Counts{2, 0, 1, 1});
  CHECK(report.of_rule(2) == RuleReport::Counts{1, 0, 1, 1});
  CHECK(report.conflicts() == std::map<RuleReport::Pair, std::int64_t>{{{1, 0}, 1}});

  RuleReport again{{0, 0, 1}};
  again.restore(report.snapshot());
  CHECK(again.snapshot() == report.snapshot());
  CHECK(again.of_rule(1) == report.of_rule(1));
  CHECK(again.conflicts() == report.conflicts());
  for (const auto* state : {"", "1", "1 ", "1 9 1 1 1 1 0 ", "x ", "1 -1 1 1 1 1 0 "}) {
    CHECK_THROWS_AS(again.restore(state), Failure);
  }
}

TEST_CASE("a report counts no more pairs of labels than its limit", "[label][explain]") {
  std::vector<std::uint32_t> labels(500);
  std::vector<RuleHit> all;
  for (std::uint32_t rule = 0; rule < labels.size(); ++rule) {
    labels[rule] = rule;
    all.push_back({rule, 0, 1});
  }
  RuleReport report{labels};
  for (std::int32_t chosen = 0; chosen < 500; ++chosen) report.add(all, chosen);
  CHECK(report.conflicts().size() == RuleReport::kMaxPairs);
  report.add(all, 0);
  CHECK(report.conflicts().at({0, 1}) == 2);
}
