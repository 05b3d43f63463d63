// Labels texts by a random forest over the weights of their words.
#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <millrace/operator.hpp>

#include "plugins/label/choice_columns.hpp"
#include "plugins/label/operators.hpp"
#include "plugins/learn/dictionary_parameter.hpp"
#include "plugins/learn/forest_file.hpp"
#include "plugins/learn/limits.hpp"
#include "plugins/learn/model_file.hpp"
#include "plugins/learn/shared_model.hpp"

namespace millrace::label {
namespace {

const std::string& forest_params() {
  static const std::string params = "{" + learn::model_params(learn::kForestFileName) + R"(,
    "column": {"type": "string", "default": "text", "minLength": 1,
      "doc": "Name of the column with the texts."},
    "label_column": {"type": "string", "default": "label", "minLength": 1,
      "doc": "Name of the column for the class. A column of that name is replaced."},
    "share_column": {"type": "string", "minLength": 1,
      "doc": "Name of a column for the share of the trees' votes that the class has, 0 to 1. Absent: no such column."},)" +
                                    std::string{learn::kDictionaryParam} + "}";
  return params;
}

class ForestLabel final : public Operator {
 public:
  static constexpr auto kName = "label.forest";
  static constexpr auto kRole = Role::Label;
  static constexpr auto kDoc =
      "Gives each text the class for which most trees of a forest vote, of equal ones the first. "
      "Texts are cut into words as they were in training, and weighed by TF-IDF. A null has no "
      "label.";
  static inline const std::string kParams = forest_params();
  static inline const std::string kTraits =
      R"({"limits": {)" + learn::forest_limits() + "," + learn::dictionary_limits() +
      R"(}, "stability": "stable", "replicable": true, "blocking": true,
    "reads": {"text": "utf8"}, "adds": {"label": "utf8"},
    "examples": [
      {"params": {"model": "qiniu:///z0/in/texts.forest", "share_column": "share"},
       "objects": {"qiniu:///z0/in/texts.forest": "millrace-forest 1\nwords spaces\nclasses 2\n1 A\n1 B\nterms 1\n1.5 loan\nshares 0\ntrees 1\ntree 3\n0 0.5 2\n= 0\n= 1\nend\n"},
       "rows": {"text": ["a cheap loan", "sunshine", null]},
       "doc": "B, A and none."}]})";

  static void plan(Context& context, const Params& params) {
    learn::plan_model(context, params);
    std::vector<ColumnType> added{{params.string("label_column", "label"), "utf8"}};
    if (const auto name = params.string("share_column"); !name.empty())
      added.emplace_back(name, "float64");
    context.trait("reads", ColumnTypes{}.add(params.string("column", "text"), "utf8").json());
    plan_added_columns(context, added);
  }

  ForestLabel(Context& context, const Params& params)
      : column_{params.string("column", "text")},
        label_column_{params.string("label_column", "label")},
        share_column_{params.string("share_column")},
        model_{read(context, params)},
        voter_{model_->forest},
        documents_{model_->words, learn::needs_tables(model_->words)
                                      ? learn::word_tables_of(context, params)
                                      : nullptr} {}

  void process(Context& context, Batch batch) override {
    const auto texts = batch.column<std::string_view>(column_);
    Builder<std::string_view> labels;
    Builder<double> shares;
    for (std::int64_t row = 0; row < batch.rows(); ++row) {
      if (context.stopping()) throw Failure{MR_CANCELLED, "stopped"};
      const auto text = texts[row];
      if (!text) {
        labels.append_null();
        shares.append_null();
        continue;
      }
      model_->features.transform(documents_.document(*text), scratch_);
      const auto votes = voter_.shares(scratch_.columns, scratch_.values);
      const auto best = std::max_element(votes.begin(), votes.end());
      labels.append(model_->classes[static_cast<std::size_t>(best - votes.begin())]);
      shares.append(*best);
    }
    batch = std::move(batch).with(label_column_, std::move(labels));
    if (!share_column_.empty()) batch = std::move(batch).with(share_column_, std::move(shares));
    context.emit(std::move(batch));
  }

 private:
  static std::shared_ptr<const learn::TextForest> read(Context& context, const Params& params) {
    const auto address = learn::model_address(params, learn::kForestFileName);
    return learn::shared_model<learn::TextForest>(context, address, [&] {
      return learn::read_forest_file(
          learn::read_model_file(context, address, learn::kMostForestBytes,
                                 learn::model_title(params, learn::kForestFileName)),
          [&] { return context.stopping(); });
    });
  }

  const std::string column_, label_column_, share_column_;
  const std::shared_ptr<const learn::TextForest> model_;  // all instances of the node share it
  learn::ForestVoter voter_;
  learn::DocumentMaker documents_;
  learn::TfIdf::Scratch scratch_;
};

}  // namespace

OperatorDefinition define_forest() { return detail::define<ForestLabel>(); }

}  // namespace millrace::label
