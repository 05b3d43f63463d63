#include "plugins/learn/report.hpp"

#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include <millrace/context.hpp>

using namespace millrace::learn;

namespace {

using Labels = std::vector<std::string>;

}  // namespace

TEST_CASE("sets of labels are reported by label, on average and by row", "[learn][report]") {
  const Labels labels{"x", "y"};
  const auto report = report_of_sets(labels, {{0}, {1}, {0}, {1}}, LabelSets{{0}, {0, 1}, {}, {}});
  CHECK(report.json() ==
        R"({"x": {"precision": 0.5, "recall": 0.5, "f1-score": 0.5, "support": 2}, )"
        R"("y": {"precision": 1.0, "recall": 0.5, "f1-score": 0.6666666666666666, "support": 2}, )"
        R"("micro avg": {"precision": 0.6666666666666666, "recall": 0.5, )"
        R"("f1-score": 0.5714285714285715, "support": 4}, )"
        R"("macro avg": {"precision": 0.75, "recall": 0.5, "f1-score": 0.5833333333333333, )"
        R"("support": 4}, )"
        R"("weighted avg": {"precision": 0.75, "recall": 0.5, "f1-score": 0.5833333333333333, )"
        R"("support": 4}, )"
        R"("samples avg": {"precision": 0.875, "recall": 0.5, "f1-score": 0.41666666666666663, )"
        R"("support": 4}, "accuracy": 0.25})");
}

TEST_CASE("what is divided by zero is 1 for sets and 0 for classes", "[learn][report]") {
  const Labels labels{"x", "y"};
  const auto none = report_of_sets(labels, {{}, {}}, LabelSets{{}, {}});
  CHECK(none.accuracy == 1);
  for (const auto& [name, scores] : none.lines) {
    CHECK(scores.precision == 1);
    CHECK(scores.f1 == 1);
    CHECK(scores.support == 0);
  }
  const auto wrong = report_of_sets(labels, {{}, {}}, LabelSets{{0}, {}});
  CHECK(wrong.lines[4].first == "weighted avg");
  CHECK(wrong.lines[4].second.precision == 0);
  CHECK(wrong.lines[4].second.recall == 1);
  CHECK(wrong.lines[4].second.f1 == 0);

  const Labels truth{"a", "a"}, predicted{"b", "a"};
  CHECK(report_of_classes(truth, predicted).json() ==
        R"({"a": {"precision": 1.0, "recall": 0.5, "f1-score": 0.6666666666666666, "support": 2}, )"
        R"("b": {"precision": 0.0, "recall": 0.0, "f1-score": 0.0, "support": 0}, )"
        R"("accuracy": 0.5, )"
        R"("macro avg": {"precision": 0.5, "recall": 0.25, "f1-score": 0.3333333333333333, )"
        R"("support": 2}, )"
        R"("weighted avg": {"precision": 1.0, "recall": 0.5, "f1-score": 0.6666666666666666, )"
        R"("support": 2}})");
}

TEST_CASE("names that a report has itself take the last value, as keys of an object",
          "[learn][report]") {
  const Labels labels{"micro avg", "accuracy", "\"\n\x01學"};
  const auto text = report_of_sets(labels, {{0}}, LabelSets{{0}}).json();
  CHECK(text.find("micro avg") == text.rfind("micro avg"));
  CHECK(text.find("accuracy") == text.rfind("accuracy"));
  CHECK_THAT(text, Catch::Contains(R"("\"\n\u0001學": {)"));
  CHECK_THAT(text, Catch::EndsWith(R"("accuracy": 1.0})"));
}

TEST_CASE("a report needs rows, as many of both, and labels", "[learn][report]") {
  const Labels labels{"x"}, none, two{"x", "y"};
  CHECK_THROWS_AS(report_of_sets(labels, {}, {}), millrace::Failure);
  CHECK_THROWS_AS(report_of_sets(labels, {{0}}, LabelSets{{0}, {0}}), millrace::Failure);
  CHECK_THROWS_AS(report_of_sets(none, LabelSets{{}}, LabelSets{{}}), millrace::Failure);
  CHECK_THROWS_AS(report_of_classes(none, none), millrace::Failure);
  CHECK_THROWS_AS(report_of_classes(two, labels), millrace::Failure);
}
