// Reports how well labels were predicted.
#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <millrace/operator.hpp>

#include "plugins/preprocess/label_tally.hpp"
#include "plugins/preprocess/state_words.hpp"
#include "plugins/preprocess/text_hash.hpp"
#include "plugins/records/column_types.hpp"

namespace millrace::preprocess {
namespace {

// The labels of each row: a text is one, a null none, a list of texts any number.
class LabelsColumn {
 public:
  LabelsColumn(const Batch& batch, const std::string& name) : name_{name} {
    for (const Field& field : batch.schema()) {
      if (field.name != name || field.type != Type::List) continue;
      lists_ = batch.share();
      texts_ = lists_->child(name).column<std::string_view>("item");
      return;
    }
    texts_ = batch.column<std::string_view>(name);
  }

  /// Views live until the next call.
  LabelTally::Labels operator[](std::int64_t row) {
    labels_.clear();
    auto [item, behind] = lists_ ? lists_->list_range(name_, row) : std::pair{row, row + 1};
    for (; item < behind; ++item) {
      if (const auto label = texts_[item]) labels_.push_back(*label);
    }
    return labels_;
  }

 private:
  std::string name_;
  std::optional<Batch> lists_;
  Column<std::string_view> texts_;
  std::vector<std::string_view> labels_;
};

class EvaluateLabels final : public Operator, public Checkpointed {
 public:
  static constexpr auto kName = "evaluate.labels";
  static constexpr auto kRole = Role::Preprocess;
  static constexpr auto kDoc =
      "Compares predicted labels with the true ones, and emits one row at the end: the `report`, "
      "JSON as scikit-learn's classification_report makes it, equal digit for digit, the "
      "`accuracy`, which is the share of rows whose labels are all right, and the number of "
      "`rows`. The port `lines` has the lines of the report: label, precision, recall, f1_score "
      "and support. Of classes a row has one, and what is divided by zero is 0; sets have any "
      "number of labels, averages over labels and over rows, and what is divided by zero is 1. "
      "Labels that do not count are counted as `ignoredLabels`. Without rows there is no report. "
      "With `set_column` the rows of each set are reported by themselves, sets in the order in "
      "which they came; a null is the set without name.";
  static constexpr auto kParams = R"({
    "truth": {"type": "string", "default": "label", "minLength": 1, "doc": "Name of the column with the true labels: texts, or lists of texts."},
    "predicted": {"type": "string", "default": "predicted", "minLength": 1, "doc": "Name of the column with the predicted ones."},
    "form": {"type": "string", "enum": ["classes", "sets"], "default": "classes",
      "doc": "classes: one label for each row, reported in the order of the code points. sets: any number."},
    "labels": {"type": "array", "items": {"type": "string"}, "maxItems": 10000, "default": [],
      "doc": "The labels that count, in the order of a report of sets; others are ignored, as the general label of a model is. Empty: all, in the order of the code points."},
    "no_label": {"type": "string", "default": "", "doc": "The class of rows without label."},
    "set_column": {"type": "string", "minLength": 1,
      "doc": "Name of a column with the set of a row, such as dev and test. Reports and lines then have this column, too."}
  })";
  static constexpr auto kTraits = R"({"stability": "stable", "ports": ["lines"],
    "reads": {"label": "utf8", "predicted": "utf8"},
    "adds": {"report": "utf8", "accuracy": "float64", "rows": "int64"},
    "limits": {"evaluate.labels": {"value": 4000000, "unit": "rows and labels", "doc": "of which reports are made, in all; more fails the job"},
               "evaluate.sets": {"value": 1000, "unit": "sets", "doc": "that are reported by themselves; more fails the job"}},
    "conformance": {"skip": {"root": "a report descends from all rows"}},
    "examples": [
      {"params": {}, "rows": {"label": ["a", "a", "b"], "predicted": ["a", "b", null]},
       "doc": "One of three is right; the third has the class of rows without label."},
      {"params": {"form": "sets", "labels": ["x", "y"]}, "rows": {"label": ["x", "y", "x", "y"], "predicted": ["x", "y", null, "z"]},
       "doc": "Half of the rows are right; z is no label that counts."},
      {"params": {"set_column": "set"}, "rows": {"label": ["a", "b", "a"], "predicted": ["a", "a", "a"], "set": ["dev", "dev", "test"]},
       "doc": "Half of the rows of dev are right, and all of test."}]})";

  static_assert(LabelTally::kMostKept == 4'000'000, "kTraits says how many");

  static void plan(Context& context, const Params& params) {
    constexpr std::string_view kTypes = "utf8|list";
    context.trait("reads", records::ColumnTypes{}
                               .add(params.string("truth"), kTypes)
                               .add(params.string("predicted"), kTypes)
                               .add(params.string("set_column"), "utf8")
                               .json());
    context.trait("adds", records::ColumnTypes{}
                              .add(params.string("set_column"), "utf8")
                              .add("report", "utf8")
                              .add("accuracy", "float64")
                              .add("rows", "int64")
                              .json());
    constexpr std::array<std::string_view, 8> kOwn{"report",    "accuracy", "rows",     "label",
                                                   "precision", "recall",   "f1_score", "support"};
    const auto set = params.string("set_column");
    if (std::find(kOwn.begin(), kOwn.end(), set) != kOwn.end())
      context.fault("parameter_value", "/set_column",
                    "the column of sets needs a name of its own: " + set);
  }

  explicit EvaluateLabels(const Params& params)
      : truth_{params.string("truth", "label")},
        predicted_{params.string("predicted", "predicted")},
        no_label_{params.string("no_label")},
        set_column_{params.string("set_column")},
        labels_{params.strings("labels")},
        has_sets_{params.string("form", "classes") == "sets"} {
    if (set_column_.empty()) tallies_.emplace_back(std::string{}, LabelTally{labels_});
  }

  void process(Context& context, Batch batch) override {
    LabelsColumn truth{batch, truth_}, predicted{batch, predicted_};
    std::optional<Column<std::string_view>> sets;
    if (!set_column_.empty()) sets = batch.column<std::string_view>(set_column_);
    std::size_t ignored = 0;
    for (std::int64_t row = 0; row < batch.rows(); ++row) {
      LabelTally& tally = tally_of(sets ? sets->value(row) : std::string_view{});
      kept_ -= tally.kept();
      ignored += tally.add(truth[row], predicted[row]);
      kept_ += tally.kept();
      if (kept_ > LabelTally::kMostKept)
        throw Failure{MR_EXHAUSTED, "the rows of all sets and their labels are more than the " +
                                        std::to_string(LabelTally::kMostKept) +
                                        " of which reports are made"};
    }
    if (ignored > 0) context.count("ignoredLabels", static_cast<std::int64_t>(ignored));
  }

  void finish(Context& context) override {
    if (std::exchange(is_done_, true)) return;
    Builder<std::string_view> sets, text;
    Builder<double> accuracy;
    Builder<std::int64_t> rows;
    for (const auto& [set, tally] : tallies_) {
      sets.append(set);
      rows.append(static_cast<std::int64_t>(tally.rows()));
      if (tally.rows() == 0) {
        text.append_null();
        accuracy.append_null();
        continue;
      }
      const auto report = has_sets_ ? tally.report_of_sets() : tally.report_of_classes(no_label_);
      text.append(report.json());
      accuracy.append(report.accuracy);
      emit_lines(context, set, report);
    }
    if (tallies_.empty()) return;
    auto batch = Batch{};
    if (!set_column_.empty()) batch = std::move(batch).with(set_column_, std::move(sets));
    context.emit(std::move(batch)
                     .with("report", std::move(text))
                     .with("accuracy", std::move(accuracy))
                     .with("rows", std::move(rows)));
  }

  std::string snapshot(Context&) override {
    if (kept_ > kMostKeptInState)
      throw Failure{MR_UNAVAILABLE, "the labels that a report is made of are too many for a state"};
    std::string state;
    append_word(state, is_done_ ? 1 : 0);
    append_word(state, static_cast<std::int64_t>(tallies_.size()));
    for (const auto& [set, tally] : tallies_) {
      append_word(state, set);
      append_word(state, tally.snapshot());
    }
    return state;
  }
  void restore(Context&, std::string_view state) override {
    is_done_ = take_number(state) != 0;
    tallies_.clear();
    places_.clear();
    for (auto sets = take_number(state); sets > 0; --sets) {
      LabelTally& tally = tally_of(take_text(state));
      tally.restore(take_text(state));
      kept_ += tally.kept();
    }
    if (!state.empty())
      throw Failure{MR_DATA_INVALID, "the checkpoint of a report is not readable"};
  }

 private:
  static constexpr std::size_t kMostKeptInState = 1'000'000, kMostSets = 1000;

  LabelTally& tally_of(std::string_view set) {
    if (set_column_.empty() && !tallies_.empty()) return tallies_.front().second;
    if (const auto known = places_.find(set); known != places_.end())
      return tallies_[known->second].second;
    if (tallies_.size() == kMostSets)
      throw Failure{MR_EXHAUSTED, "rows have more than 1,000 sets: is `set_column` right?"};
    places_.emplace(set, tallies_.size());
    return tallies_.emplace_back(std::string{set}, LabelTally{labels_}).second;
  }

  void emit_lines(Context& context, std::string_view set, const learn::Report& report) const {
    Builder<std::string_view> sets, labels;
    Builder<double> precision, recall, f1;
    Builder<std::int64_t> support;
    for (const auto& [label, scores] : report.lines) {
      sets.append(set);
      labels.append(label);
      precision.append(scores.precision);
      recall.append(scores.recall);
      f1.append(scores.f1);
      support.append(scores.support);
    }
    auto batch = Batch{};
    if (!set_column_.empty()) batch = std::move(batch).with(set_column_, std::move(sets));
    context.emit(std::move(batch)
                     .with("label", std::move(labels))
                     .with("precision", std::move(precision))
                     .with("recall", std::move(recall))
                     .with("f1_score", std::move(f1))
                     .with("support", std::move(support)),
                 "lines");
  }

  const std::string truth_, predicted_, no_label_, set_column_;  // the last may be empty
  const std::vector<std::string> labels_;
  const bool has_sets_;
  std::vector<std::pair<std::string, LabelTally>> tallies_;  // by set, as they came
  TextMap<std::size_t> places_;                              // of tallies_
  std::size_t kept_ = 0;                                     // rows and labels of all
  bool is_done_ = false;
};

}  // namespace
}  // namespace millrace::preprocess

MR_PLUGIN("evaluate_labels", "1.0.0", millrace::preprocess::EvaluateLabels)
