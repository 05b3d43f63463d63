// evaluate.labels as built: through its plugin, and its tally alone.
#include <string>
#include <string_view>
#include <vector>

#include <catch2/catch.hpp>

#include <millrace/context.hpp>
#include <millrace/testing.hpp>

#include "plugins/preprocess/label_tally.hpp"

using millrace::Batch;
using millrace::Builder;
using millrace::preprocess::LabelTally;
using millrace::testing::batch;
using millrace::testing::null;
using millrace::testing::OperatorHarness;

namespace {

const std::string kEvaluateLabels =
    std::string{MR_BINARY_DIR} + "/lib/millrace/plugins/evaluate_labels.so";

OperatorHarness evaluating(const std::string& params) {
  millrace::testing::HarnessOptions options;
  options.library = kEvaluateLabels;
  return OperatorHarness{"evaluate.labels", params, options};
}

// A row for each list of labels.
Batch with_labels(Batch rows, const std::string& name,
                  const std::vector<std::vector<std::string>>& labels) {
  Builder<std::string_view> items;
  std::vector<std::int64_t> lengths;
  for (const auto& row : labels) {
    for (const auto& label : row) items.append(label);
    lengths.push_back(static_cast<std::int64_t>(row.size()));
  }
  return std::move(rows).with_list(name, lengths, Batch{}.with("item", std::move(items)));
}

}  // namespace

TEST_CASE("evaluate.labels conforms", "[conformance]") {
  for (const auto& finding : millrace::testing::check_conformance(kEvaluateLabels))
    FAIL_CHECK(finding.operator_id << ", " << finding.check << ": " << finding.message);
}

TEST_CASE("rows of each set are evaluated by themselves", "[preprocess][evaluate_labels]") {
  auto harness = evaluating(R"({"set_column": "of"})");
  REQUIRE(harness.faults().empty());
  REQUIRE(harness
              .push(batch({{"label", {"a", "b", "a"}},
                           {"predicted", {"a", "a", "a"}},
                           {"of", {"test", "dev", "test"}}}))
              .ok());
  REQUIRE(harness.restore(harness.snapshot(), 1).ok());
  REQUIRE(
      harness.push(batch({{"label", {"b", "c"}}, {"predicted", {"b", "c"}}, {"of", {"dev", null}}}))
          .ok());
  REQUIRE(harness.finish().ok());
  CHECK(harness.column<std::string>("of") == std::vector<std::string>{"test", "dev", ""});
  CHECK(harness.column<double>("accuracy") == std::vector<double>{1, 0.5, 1});
  CHECK(harness.column<std::int64_t>("rows") == std::vector<std::int64_t>{2, 2, 1});
  CHECK(harness.column<std::string>("of", "lines").front() == "test");
  auto many = evaluating(R"({"set_column": "of"})");
  Builder<std::string_view> labels, sets;
  for (int i = 0; i < 1001; ++i) {
    labels.append("a");
    sets.append(std::to_string(i));
  }
  const auto status = many.push(
      Batch{}.with("label", std::move(labels)).with("of", std::move(sets)).with("predicted", [] {
        Builder<std::string_view> said;
        for (int i = 0; i < 1001; ++i) said.append("a");
        return said;
      }()));
  CHECK(status.code() == MR_EXHAUSTED);
  CHECK(evaluating(R"({"set_column": "rows"})").faults().size() == 1);
  auto none = evaluating(R"({"set_column": "of"})");
  REQUIRE(none.finish().ok());
  CHECK(none.rows() == 0);
}

TEST_CASE("sets of labels are evaluated, in lists or as texts", "[preprocess][evaluate_labels]") {
  auto harness = evaluating(R"({"form": "sets", "labels": ["x", "y"]})");
  Batch rows = batch({{"label", {"x", "y", "x", "y"}}});
  rows = with_labels(std::move(rows), "predicted", {{"x"}, {"y", "x", "y"}, {}, {"一般"}});
  REQUIRE(harness.push(rows.slice(0, 2)).ok());
  REQUIRE(harness.restore(harness.snapshot(), 1).ok());
  REQUIRE(harness.push(rows.slice(2, 2)).ok());
  CHECK(harness.rows() == 0);
  REQUIRE(harness.finish().ok());
  CHECK(
      harness.column<std::string>("report") ==
      std::vector<std::string>{
          R"({"x": {"precision": 0.5, "recall": 0.5, "f1-score": 0.5, "support": 2}, )"
          R"("y": {"precision": 1.0, "recall": 0.5, "f1-score": 0.6666666666666666, "support": 2}, )"
          R"("micro avg": {"precision": 0.6666666666666666, "recall": 0.5, )"
          R"("f1-score": 0.5714285714285715, "support": 4}, )"
          R"("macro avg": {"precision": 0.75, "recall": 0.5, "f1-score": 0.5833333333333333, )"
          R"("support": 4}, )"
          R"("weighted avg": {"precision": 0.75, "recall": 0.5, "f1-score": 0.5833333333333333, )"
          R"("support": 4}, )"
          R"("samples avg": {"precision": 0.875, "recall": 0.5, "f1-score": 0.41666666666666663, )"
          R"("support": 4}, "accuracy": 0.25})"});
  CHECK(harness.column<double>("accuracy") == std::vector<double>{0.25});
  CHECK(harness.column<std::int64_t>("rows") == std::vector<std::int64_t>{4});
  CHECK(harness.counts().at("ignoredLabels") == 1);
  CHECK(
      harness.column<std::string>("label", "lines") ==
      std::vector<std::string>{"x", "y", "micro avg", "macro avg", "weighted avg", "samples avg"});
  CHECK(harness.column<std::int64_t>("support", "lines") ==
        std::vector<std::int64_t>{2, 2, 4, 4, 4, 4});
}

TEST_CASE("classes are evaluated by code point, and no label is one of them",
          "[preprocess][evaluate_labels]") {
  auto harness = evaluating(R"({"truth": "t", "predicted": "p", "no_label": "none"})");
  REQUIRE(harness.push(batch({{"t", {"b", "a", "a"}}, {"p", {"b", "a", null}}})).ok());
  REQUIRE(harness.finish().ok());
  CHECK(
      harness.column<std::string>("report") ==
      std::vector<std::string>{
          R"({"a": {"precision": 1.0, "recall": 0.5, "f1-score": 0.6666666666666666, "support": 2}, )"
          R"("b": {"precision": 1.0, "recall": 1.0, "f1-score": 1.0, "support": 1}, )"
          R"("none": {"precision": 0.0, "recall": 0.0, "f1-score": 0.0, "support": 0}, )"
          R"("accuracy": 0.6666666666666666, )"
          R"("macro avg": {"precision": 0.6666666666666666, "recall": 0.5, )"
          R"("f1-score": 0.5555555555555555, "support": 3}, )"
          R"("weighted avg": {"precision": 1.0, "recall": 0.6666666666666666, )"
          R"("f1-score": 0.7777777777777777, "support": 3}})"});
}

TEST_CASE("without rows there is no report, and several classes of a row are an error",
          "[preprocess][evaluate_labels]") {
  auto none = evaluating("{}");
  REQUIRE(none.finish().ok());
  CHECK_FALSE(none.optional_column<std::string>("report")[0]);
  CHECK(none.column<std::int64_t>("rows") == std::vector<std::int64_t>{0});
  auto several = evaluating("{}");
  Batch rows = with_labels(batch({{"label", {"a"}}}), "predicted", {{"a", "b"}});
  REQUIRE(several.push(std::move(rows)).ok());
  const auto status = several.finish();
  CHECK(status.code() == MR_DATA_INVALID);
  CHECK_THAT(status.message(), Catch::Contains("sets"));
}

TEST_CASE("labels of rows are bounded, and their state is checked",
          "[preprocess][evaluate_labels]") {
  const std::vector<std::string_view> one{"a"};
  LabelTally full{{}};
  const std::vector<std::string_view> distinct(LabelTally::kMostKept / 2, "a");
  CHECK(full.add(one, one) == 0);
  CHECK(full.kept() == 4);
  CHECK_NOTHROW(full.add(distinct, one));
  CHECK_THROWS_AS(full.add(distinct, distinct), millrace::Failure);
  CHECK(full.rows() == 2);
  LabelTally again{{}};
  again.restore(full.snapshot());
  CHECK(again.snapshot() == full.snapshot());
  for (const auto* state : {"", " 1", " 1 xff 2 1 1", " 1 xff 2 1 0", " 1 xff 1 0", " 0 0 ",
                            " 2 x x 0", " 1 xff 2 1 -1 0"}) {
    LabelTally broken{{}};
    INFO(state);
    CHECK_THROWS_AS(broken.restore(state), millrace::Failure);
  }
}
