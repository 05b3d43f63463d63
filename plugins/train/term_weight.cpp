// Learns what terms say about labels.
#include <string>
#include <utility>
#include <vector>

#include <millrace/operator.hpp>

#include "plugins/learn/logistic.hpp"
#include "plugins/learn/term_weights.hpp"
#include "plugins/train/model_output.hpp"
#include "plugins/train/operators.hpp"
#include "plugins/train/training_rows.hpp"

namespace millrace::train {
namespace {

class TrainTermWeight final : public Operator {
 public:
  static constexpr auto kName = "train.term_weight";
  static constexpr auto kRole = Role::Train;
  static constexpr auto kDoc =
      "Learns the weights of terms for each label of labelled texts, and emits one row with the "
      "model's address, for label.term_weight. Texts become weights of their words by TF-IDF "
      "without English stop words; for each label a logistic model tells its rows from all others "
      "(stochastic gradient descent, elastic net, balanced classes); its coefficients are brought "
      "to 0..1, rounded to five decimals and sorted, the largest first. Rows without text or label "
      "are counted as `skippedRows`. The same rows and seed give the same bytes.";
  static inline const std::string kParams = "{" + training_params("full") + R"(,
    "max_terms": {"type": "integer", "default": 10000, "minimum": 1, "maximum": 1000000,
      "doc": "The most frequent terms are kept."},
    "min_documents": {"type": "integer", "default": 50, "minimum": 1,
      "doc": "How many rows a term is to be in."},
    "alpha": {"type": "number", "default": 0.0001, "exclusiveMinimum": 0, "doc": "Strength of the penalty."},
    "l1_ratio": {"type": "number", "default": 0.9, "minimum": 0, "maximum": 1,
      "doc": "Of the elastic net: 0 is L2 alone, 1 is L1 alone."}})";
  static constexpr auto kTraits = R"({"stability": "alpha",
    "resources": {"class": "train"}, "reads": {"text": "utf8", "label": "utf8"},
    "adds": {"model": "utf8", "bytes": "int64", "rows": "int64", "terms": "int64", "labels": "int64"},
    "conformance": {"skip": {"empty": "of no rows nothing is learnt, which is a failure", "root": "its one row is of all rows"}},
    "examples": [
      {"params": {"words": "spaces", "min_documents": 1},
       "rows": {"text": ["cheap loan", "loan rate", "win prize", "prize draw", null], "label": ["A", "A", "B", "B", "B"]},
       "doc": "One row: the address of the model."}]})";

  explicit TrainTermWeight(const Params& params)
      : file_{params.string("file")},
        alpha_{params.number("alpha", 1e-4)},
        l1_ratio_{params.number("l1_ratio", 0.9)},
        rows_{params,
              {.most_terms = static_cast<std::size_t>(params.integer("max_terms", 10'000)),
               .least_documents = static_cast<std::size_t>(params.integer("min_documents", 50))}} {}

  void process(Context& context, Batch batch) override { rows_.add(context, batch); }

  void finish(Context& context) override {
    rows_.finish();
    std::vector<learn::LabelTerms> labels(rows_.labels().size());
    const auto seed = context.seed();
    context.parallel(labels.size(), [&](std::uint64_t label) {
      learn::LogisticOptions options;
      options.alpha = alpha_;
      options.l1_ratio = l1_ratio_;
      options.seed = static_cast<std::uint32_t>(seed + label * 0x9E3779B97F4A7C15U);
      options.is_stopping = [&] { return context.stopping(); };
      std::vector<std::uint8_t> is_label(rows_.classes().size());
      for (std::size_t row = 0; row < is_label.size(); ++row)
        is_label[row] = rows_.classes()[row] == label ? 1 : 0;
      const auto model = learn::fit_logistic(rows_.rows(), is_label, options);
      labels[label] = {rows_.labels()[label],
                       learn::scaled_terms(rows_.features().terms(), model.weights)};
    });
    const auto bytes = learn::write_term_file(labels);
    emit_model(context, file_,
               {bytes, static_cast<std::int64_t>(rows_.classes().size()),
                static_cast<std::int64_t>(rows_.features().terms().size()),
                static_cast<std::int64_t>(labels.size())});
  }

 private:
  const std::string file_;
  const double alpha_, l1_ratio_;
  TrainingRows rows_;
};

}  // namespace

OperatorDefinition define_term_weight() { return detail::define<TrainTermWeight>(); }

}  // namespace millrace::train
