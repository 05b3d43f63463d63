// Learns a random forest that tells the labels of texts.
#include <optional>
#include <string>
#include <utility>

#include <millrace/operator.hpp>

#include "plugins/learn/forest_file.hpp"
#include "plugins/learn/limits.hpp"
#include "plugins/learn/model_file.hpp"
#include "plugins/train/model_output.hpp"
#include "plugins/train/operators.hpp"
#include "plugins/train/training_rows.hpp"

namespace millrace::train {
namespace {

class TrainForest final : public Operator {
 public:
  static constexpr auto kName = "train.forest";
  static constexpr auto kRole = Role::Train;
  static constexpr auto kDoc =
      "Learns a random forest from labelled texts, and emits one row with the model's address, for "
      "label.forest. Texts become weights of their words by TF-IDF without English stop words; "
      "trees are grown from bootstrap samples by Gini impurity, the square root of the number of "
      "terms looked at for each split, until leaves are pure. Rows without text or label are "
      "counted as `skippedRows`. The same rows and seed give the same bytes. With `set_column` the "
      "rows of other sets than `train` come out at the port `labelled`, with the model's label "
      "beside their own.";
  static inline const std::string kParams =
      "{" + training_params("accurate", learn::kForestFileName) + R"(,
    "trees": {"type": "integer", "default": 100, "minimum": 1, "maximum": 10000, "doc": "Trees of the forest."},
    "max_terms": {"type": "integer", "default": 5000, "minimum": 1, "maximum": 1000000,
      "doc": "The most frequent terms are kept."},
    "min_documents": {"type": "integer", "default": 2, "minimum": 1,
      "doc": "How many rows a term is to be in."}})";
  static inline const std::string kTraits = R"({"limits": {)" + learn::training_limits() + "," +
                                            learn::forest_limits() + "," +
                                            learn::dictionary_limits() + R"(}, "stability": "alpha",
    "resources": {"class": "train"}, "reads": {"text": "utf8", "label": "utf8"},
    "adds": {"model": "utf8", "file_name": "utf8", "bytes": "int64", "rows": "int64", "terms": "int64", "labels": "int64"},
    "ports": ["labelled"],
    "conformance": {"skip": {"empty": "of no rows nothing is learnt, which is a failure", "root": "its one row is of all rows"}},
    "examples": [
      {"params": {"words": "spaces", "trees": 3, "min_documents": 1},
       "rows": {"text": ["cheap loan", "loan rate", "win prize", "prize draw", null], "label": ["A", "A", "B", "B", "B"]},
       "doc": "One row: the address of the model."},
      {"params": {"words": "spaces", "trees": 3, "min_documents": 1, "set_column": "set"},
       "rows": {"text": ["cheap loan", "win prize", "a loan"], "label": ["A", "B", "A"], "set": ["train", "train", "test"]},
       "doc": "The third text is labelled, at the port."}]})";

  static void plan(Context& context, const Params& params) { plan_training(context, params); }

  explicit TrainForest(const Params& params)
      : file_{output_address(params, learn::kForestFileName)},
        trees_{static_cast<std::size_t>(params.integer("trees", 100))},
        rows_{params,
              {.most_terms = static_cast<std::size_t>(params.integer("max_terms", 5000)),
               .least_documents = static_cast<std::size_t>(params.integer("min_documents", 2))}} {}

  void process(Context& context, Batch batch) override { rows_.add(context, batch); }

  void finish(Context& context) override {
    if (!model_) train(context);
    if (rows_.held().emit(context, [&](std::string_view text) { return predict(text); }))
      context.more();
  }

 private:
  void train(Context& context) {
    learn::ForestOptions options;
    options.trees = trees_;
    options.seed = context.seed();
    options.is_stopping = [&] { return context.stopping(); };
    options.parallel = [&](auto count, const auto& function) { context.parallel(count, function); };
    options.told = [&](std::size_t trees) { context.progress(trees, trees_, "trees"); };
    rows_.finish(options.is_stopping);
    const auto labels = static_cast<std::uint32_t>(rows_.labels().size());
    model_ = {rows_.words(), rows_.labels(), rows_.features(),
              learn::fit_forest(rows_.rows(), rows_.classes(), labels, options)};
    voter_.emplace(model_->forest);
    const auto bytes = learn::write_forest_file(*model_, options.is_stopping);
    emit_model(context, file_,
               {bytes, learn::kForestFileName, static_cast<std::int64_t>(rows_.classes().size()),
                static_cast<std::int64_t>(rows_.features().terms().size()), labels});
  }

  Prediction predict(std::string_view text) {
    model_->features.transform(rows_.document(text), scratch_);
    return {model_->classes[voter_->vote(scratch_.columns, scratch_.values)]};
  }

  const std::string file_;
  const std::size_t trees_;
  TrainingRows rows_;
  std::optional<learn::TextForest> model_;   // when it is trained
  std::optional<learn::ForestVoter> voter_;  // of it
  learn::TfIdf::Scratch scratch_;
};

}  // namespace

OperatorDefinition define_forest() { return detail::define<TrainForest>(); }

}  // namespace millrace::train
