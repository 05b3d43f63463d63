// Learns what terms say about labels.
#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <millrace/operator.hpp>

#include "plugins/learn/limits.hpp"
#include "plugins/learn/logistic.hpp"
#include "plugins/learn/model_file.hpp"
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
      "are counted as `skippedRows`. The same rows and seed give the same bytes. The metric `loss` "
      "is the mean loss after each pass over the rows. With `set_column` the rows of other sets "
      "than `train` come out at the port `labelled`, with the model's label and its candidates "
      "beside their own label, as label.term_weight gives them. The port `weights` has the "
      "weights as rows: label, term and weight, in the order of the file.";
  static inline const std::string kParams =
      "{" + training_params("full", learn::kTermFileName) + R"(,
    "max_terms": {"type": "integer", "default": 10000, "minimum": 1, "maximum": 1000000,
      "doc": "The most frequent terms are kept."},
    "min_documents": {"type": "integer", "default": 50, "minimum": 1,
      "doc": "How many rows a term is to be in."},
    "alpha": {"type": "number", "default": 0.0001, "exclusiveMinimum": 0, "doc": "Strength of the penalty."},
    "l1_ratio": {"type": "number", "default": 0.9, "minimum": 0, "maximum": 1,
      "doc": "Of the elastic net: 0 is L2 alone, 1 is L1 alone."},
    "candidates_column": {"type": "string", "default": "candidates", "minLength": 1,
      "doc": "At the port `labelled`: name of the column with all candidates."},
    "general_label": {"type": "string", "default": "一般",
      "doc": "At the port `labelled`: the label of texts without candidate."}})";
  static inline const std::string kTraits = R"({"limits": {)" + learn::training_limits() + "," +
                                            learn::term_limits() + "," +
                                            learn::dictionary_limits() + R"(}, "stability": "alpha",
    "resources": {"class": "train"}, "reads": {"text": "utf8", "label": "utf8"},
    "adds": {"model": "utf8", "file_name": "utf8", "bytes": "int64", "rows": "int64", "terms": "int64", "labels": "int64"},
    "ports": ["labelled", "weights"],
    "conformance": {"skip": {"empty": "of no rows nothing is learnt, which is a failure", "root": "its one row is of all rows"}},
    "examples": [
      {"params": {"words": "spaces", "min_documents": 1},
       "rows": {"text": ["cheap loan", "loan rate", "win prize", "prize draw", null], "label": ["A", "A", "B", "B", "B"]},
       "doc": "One row: the address of the model."},
      {"params": {"words": "spaces", "min_documents": 1, "set_column": "set"},
       "rows": {"text": ["cheap loan", "win prize", "a loan"], "label": ["A", "B", "A"], "set": ["train", "train", "test"]},
       "doc": "The third text is labelled, at the port."}]})";

  static void plan(Context& context, const Params& params) { plan_training(context, params); }

  explicit TrainTermWeight(const Params& params)
      : file_{output_address(params, learn::kTermFileName)},
        alpha_{params.number("alpha", 1e-4)},
        l1_ratio_{params.number("l1_ratio", 0.9)},
        general_{params.string("general_label", "一般")},
        rows_{params,
              {.most_terms = static_cast<std::size_t>(params.integer("max_terms", 10'000)),
               .least_documents = static_cast<std::size_t>(params.integer("min_documents", 50))},
              params.string("candidates_column", "candidates")} {}

  void process(Context& context, Batch batch) override { rows_.add(context, batch); }

  void finish(Context& context) override {
    if (!is_trained_) train(context);
    if (emit_weights(context)) return context.more();
    if (!model_)
      model_.emplace(std::move(labels_), general_, learn::TermWeightModel::Contest::Candidates);
    if (rows_.held().emit(context, [&](std::string_view text) { return predict(text); }))
      context.more();
  }

 private:
  // Labels are told of when as many are done; the last ones of a round leave a thread idle.
  static constexpr std::size_t kLabelsOfRound = 16;
  static constexpr std::int64_t kWeightsOfBatch = 8192;

  void train(Context& context) {
    const learn::IsStopping is_stopping = [&] { return context.stopping(); };
    rows_.finish(is_stopping);
    labels_.resize(rows_.labels().size());
    auto& labels = labels_;
    if (labels.size() * rows_.features().terms().size() > learn::kMostTermRows)
      throw Failure{MR_EXHAUSTED,
                    "labels and terms make more than 4,000,000 weights: lower "
                    "`max_terms`, or raise `min_documents`"};
    std::vector<std::vector<double>> losses(labels.size());
    const auto seed = context.seed();
    for (std::size_t done = 0; done < labels.size();) {
      const auto round = std::min(kLabelsOfRound, labels.size() - done);
      context.parallel(round, [&](std::uint64_t i) {
        const auto label = done + i;
        auto model = fit(label, seed, is_stopping);
        labels[label] = {rows_.labels()[label],
                         learn::scaled_terms(rows_.features().terms(), model.weights)};
        losses[label] = std::move(model.losses);
      });
      done += round;
      context.progress(done, labels.size(), "labels");
    }
    tell_losses(context, losses);
    const auto bytes = learn::write_term_file(labels, is_stopping);
    is_trained_ = true;
    emit_model(context, file_,
               {bytes, learn::kTermFileName, static_cast<std::int64_t>(rows_.classes().size()),
                static_cast<std::int64_t>(rows_.features().terms().size()),
                static_cast<std::int64_t>(labels.size())});
  }

  // Emits the next weights; false when there are no more.
  bool emit_weights(Context& context) {
    Builder<std::string_view> label, term;
    Builder<double> weight;
    for (; told_label_ < labels_.size() && weight.size() < kWeightsOfBatch;
         ++told_label_, told_term_ = 0) {
      const auto& [name, terms] = labels_[told_label_];
      for (; told_term_ < terms.size() && weight.size() < kWeightsOfBatch; ++told_term_) {
        label.append(name);
        term.append(terms[told_term_].term);
        weight.append(terms[told_term_].weight);
      }
      if (told_term_ < terms.size()) break;
    }
    if (weight.size() == 0) return false;
    context.emit(Batch{}
                     .with("label", std::move(label))
                     .with("term", std::move(term))
                     .with("weight", std::move(weight)),
                 "weights");
    return true;
  }

  learn::LinearModel fit(std::size_t label, std::uint64_t seed,
                         const learn::IsStopping& is_stopping) const {
    learn::LogisticOptions options;
    options.alpha = alpha_;
    options.l1_ratio = l1_ratio_;
    options.seed = static_cast<std::uint32_t>(seed + label * 0x9E3779B97F4A7C15U);
    options.is_stopping = is_stopping;
    std::vector<std::uint8_t> is_label(rows_.classes().size());
    for (std::size_t row = 0; row < is_label.size(); ++row)
      is_label[row] = rows_.classes()[row] == label ? 1 : 0;
    return learn::fit_logistic(rows_.rows(), is_label, options);
  }

  // The mean over the labels. One that has ended keeps its last loss.
  static void tell_losses(Context& context, const std::vector<std::vector<double>>& losses) {
    std::size_t epochs = 0;
    for (const auto& of_label : losses) epochs = std::max(epochs, of_label.size());
    for (std::size_t epoch = 0; epoch < epochs; ++epoch) {
      double sum = 0;
      for (const auto& of_label : losses) sum += of_label[std::min(epoch, of_label.size() - 1)];
      context.metric("loss", static_cast<std::int64_t>(epoch),
                     sum / static_cast<double>(losses.size()));
    }
  }

  Prediction predict(std::string_view text) {
    Prediction made{model_->label(text, scratch_)};
    for (const auto candidate : scratch_.candidates)
      made.candidates.push_back(model_->name(candidate));
    return made;
  }

  const std::string file_;
  const double alpha_, l1_ratio_;
  const std::string general_;
  TrainingRows rows_;
  bool is_trained_ = false;
  std::vector<learn::LabelTerms> labels_;  // until they are told and become the model
  std::size_t told_label_ = 0, told_term_ = 0;
  std::optional<learn::TermWeightModel> model_;
  learn::TermWeightModel::Scratch scratch_;
};

}  // namespace

OperatorDefinition define_term_weight() { return detail::define<TrainTermWeight>(); }

}  // namespace millrace::train
