// Reports how well labels were predicted.
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <millrace/operator.hpp>

#include "plugins/preprocess/column_types.hpp"
#include "plugins/preprocess/label_tally.hpp"
#include "plugins/preprocess/state_words.hpp"

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
      "Labels that do not count are counted as `ignoredLabels`. Without rows there is no report.";
  static constexpr auto kParams = R"({
    "truth": {"type": "string", "default": "label", "minLength": 1, "doc": "Name of the column with the true labels: texts, or lists of texts."},
    "predicted": {"type": "string", "default": "predicted", "minLength": 1, "doc": "Name of the column with the predicted ones."},
    "form": {"type": "string", "enum": ["classes", "sets"], "default": "classes",
      "doc": "classes: one label for each row, reported in the order of the code points. sets: any number."},
    "labels": {"type": "array", "items": {"type": "string"}, "maxItems": 10000, "default": [],
      "doc": "The labels that count, in the order of a report of sets; others are ignored, as the general label of a model is. Empty: all, in the order of the code points."},
    "no_label": {"type": "string", "default": "", "doc": "The class of rows without label."}
  })";
  static constexpr auto kTraits = R"({"stability": "stable", "ports": ["lines"],
    "reads": {"label": "utf8", "predicted": "utf8"},
    "adds": {"report": "utf8", "accuracy": "float64", "rows": "int64"},
    "conformance": {"skip": {"root": "a report descends from all rows"}},
    "examples": [
      {"params": {}, "rows": {"label": ["a", "a", "b"], "predicted": ["a", "b", null]},
       "doc": "One of three is right; the third has the class of rows without label."},
      {"params": {"form": "sets", "labels": ["x", "y"]}, "rows": {"label": ["x", "y", "x", "y"], "predicted": ["x", "y", null, "z"]},
       "doc": "Half of the rows are right; z is no label that counts."}]})";

  static void plan(Context& context, const Params& params) {
    constexpr std::string_view kTypes = "utf8|list";
    context.trait("reads", ColumnTypes{}
                               .add(params.string("truth"), kTypes)
                               .add(params.string("predicted"), kTypes)
                               .json());
  }

  explicit EvaluateLabels(const Params& params)
      : truth_{params.string("truth", "label")},
        predicted_{params.string("predicted", "predicted")},
        no_label_{params.string("no_label")},
        has_sets_{params.string("form", "classes") == "sets"},
        tally_{params.strings("labels")} {}

  void process(Context& context, Batch batch) override {
    LabelsColumn truth{batch, truth_}, predicted{batch, predicted_};
    std::size_t ignored = 0;
    for (std::int64_t row = 0; row < batch.rows(); ++row)
      ignored += tally_.add(truth[row], predicted[row]);
    if (ignored > 0) context.count("ignoredLabels", static_cast<std::int64_t>(ignored));
  }

  void finish(Context& context) override {
    if (std::exchange(is_done_, true)) return;
    Builder<std::string_view> text;
    Builder<double> accuracy;
    Builder<std::int64_t> rows;
    rows.append(static_cast<std::int64_t>(tally_.rows()));
    if (tally_.rows() == 0) {
      text.append_null();
      accuracy.append_null();
    } else {
      const auto report = has_sets_ ? tally_.report_of_sets() : tally_.report_of_classes(no_label_);
      text.append(report.json());
      accuracy.append(report.accuracy);
      emit_lines(context, report);
    }
    context.emit(Batch{}
                     .with("report", std::move(text))
                     .with("accuracy", std::move(accuracy))
                     .with("rows", std::move(rows)));
  }

  std::string snapshot(Context&) override {
    if (tally_.kept() > kMostKeptInState)
      throw Failure{MR_UNAVAILABLE, "the labels that a report is made of are too many for a state"};
    std::string state;
    append_word(state, is_done_ ? 1 : 0);
    return state + tally_.snapshot();
  }
  void restore(Context&, std::string_view state) override {
    is_done_ = take_number(state) != 0;
    tally_.restore(state);
  }

 private:
  static constexpr std::size_t kMostKeptInState = 1'000'000;

  static void emit_lines(Context& context, const learn::Report& report) {
    Builder<std::string_view> labels;
    Builder<double> precision, recall, f1;
    Builder<std::int64_t> support;
    for (const auto& [label, scores] : report.lines) {
      labels.append(label);
      precision.append(scores.precision);
      recall.append(scores.recall);
      f1.append(scores.f1);
      support.append(scores.support);
    }
    context.emit(Batch{}
                     .with("label", std::move(labels))
                     .with("precision", std::move(precision))
                     .with("recall", std::move(recall))
                     .with("f1_score", std::move(f1))
                     .with("support", std::move(support)),
                 "lines");
  }

  const std::string truth_, predicted_, no_label_;
  const bool has_sets_;
  LabelTally tally_;
  bool is_done_ = false;
};

}  // namespace
}  // namespace millrace::preprocess

MR_PLUGIN("evaluate_labels", "1.0.0", millrace::preprocess::EvaluateLabels)
