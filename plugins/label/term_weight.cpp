// Labels texts by the weights of terms in them: 10,000 terms in a text of 200 characters take some
// microseconds, since they are counted in one pass.
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <millrace/operator.hpp>

#include "plugins/label/choice_columns.hpp"
#include "plugins/label/operators.hpp"
#include "plugins/learn/limits.hpp"
#include "plugins/learn/model_file.hpp"
#include "plugins/learn/shared_model.hpp"
#include "plugins/learn/term_weights.hpp"

namespace millrace::label {
namespace {

using learn::TermWeightModel;

class TermWeight final : public Operator {
 public:
  static constexpr auto kName = "label.term_weight";
  static constexpr auto kRole = Role::Label;
  static constexpr auto kDoc =
      "Gives each text the label whose terms weigh most in it. The model is a file with the head "
      "label,term,weight, and a line for each term of each label. Of a label, the sum of weight "
      "times count is divided by the sum of counts, over its terms that occur in the text; a term "
      "does not overlap itself, and upper case is not lower case. A label is a candidate where "
      "that is over 0.3. Of several the one with the heaviest first matched term in the order of "
      "the file is chosen, of equal ones the first; the general label is chosen where no other is. "
      "A null has no label.";
  static inline const std::string kParams = "{" + learn::model_params(learn::kTermFileName) + R"(,
    "column": {"type": "string", "default": "text", "minLength": 1,
      "doc": "Name of the column with the texts."},
    "label_column": {"type": "string", "default": "label", "minLength": 1,
      "doc": "Name of the column for the label. A column of that name is replaced."},
    "candidates_column": {"type": "string", "minLength": 1,
      "doc": "Name of a column for all candidates, in the order of the model. Absent: no such column."},
    "general_label": {"type": "string", "default": "一般",
      "doc": "The label of texts without candidate."},
    "contest": {"type": "string", "enum": ["candidates", "all"], "default": "candidates",
      "doc": "Whose terms are compared where several labels are candidates: theirs, or those of all labels that have a term in the text."}})";
  static inline const std::string kTraits =
      R"({"limits": {)" + learn::term_limits() + "," + learn::dictionary_limits() +
      R"(}, "stability": "stable", "replicable": true, "blocking": true,
    "reads": {"text": "utf8"}, "adds": {"label": "utf8"},
    "examples": [
      {"params": {"model": "qiniu:///z0/in/term_dict.csv", "candidates_column": "candidates"},
       "objects": {"qiniu:///z0/in/term_dict.csv": "label,term,weight\r\n貸款,利率,1.0\r\n貸款,的,0.0\r\n抽獎,抽獎,1.0\r\n抽獎,分享,0.3\r\n"},
       "rows": {"text": ["利率的的", "分享", "利率抽獎", null]},
       "doc": "貸款 (1 of 3 is over 0.3), 一般 (0.3 is not), 貸款 (of two the first) and none."}]})";

  static void plan(Context& context, const Params& params) {
    learn::plan_model(context, params);
    std::vector<ColumnType> added{{params.string("label_column", "label"), "utf8"}};
    if (const auto name = params.string("candidates_column"); !name.empty())
      added.emplace_back(name, "list");
    context.trait("reads", ColumnTypes{}.add(params.string("column", "text"), "utf8").json());
    plan_added_columns(context, added);
  }

  TermWeight(Context& context, const Params& params)
      : column_{params.string("column", "text")},
        label_column_{params.string("label_column", "label")},
        candidates_column_{params.string("candidates_column")} {
    const auto address = learn::model_address(params, learn::kTermFileName);
    const std::function<TermWeightModel()> read = [&] {
      return TermWeightModel{
          learn::read_term_file(
              learn::read_model_file(context, address, learn::kMostTermFileBytes,
                                     learn::model_title(params, learn::kTermFileName)),
              [&] { return context.stopping(); }),
          params.string("general_label", "一般"),
          params.string("contest") == "all" ? TermWeightModel::Contest::AllWithTerms
                                            : TermWeightModel::Contest::Candidates};
    };
    model_ = learn::shared_model(context, address, read);
  }

  void process(Context& context, Batch batch) override {
    const auto texts = batch.column<std::string_view>(column_);
    Builder<std::string_view> labels, items;
    std::vector<std::int64_t> lengths;
    labels.reserve(batch.rows());
    for (std::int64_t row = 0; row < batch.rows(); ++row) {
      if (context.stopping()) throw Failure{MR_CANCELLED, "stopped"};
      const auto text = texts[row];
      const auto label = text ? model_->label(*text, scratch_) : std::string_view{};
      label.empty() ? labels.append_null() : labels.append(label);
      if (candidates_column_.empty()) continue;
      lengths.push_back(text ? static_cast<std::int64_t>(scratch_.candidates.size()) : -1);
      if (!text) continue;
      for (const auto candidate : scratch_.candidates) items.append(model_->name(candidate));
    }
    batch = std::move(batch).with(label_column_, std::move(labels));
    if (!candidates_column_.empty())
      batch = std::move(batch).with_list(candidates_column_, lengths,
                                         Batch{}.with("item", std::move(items)));
    context.emit(std::move(batch));
  }

 private:
  const std::string column_, label_column_, candidates_column_;
  std::shared_ptr<const TermWeightModel> model_;  // all instances of the node share it
  TermWeightModel::Scratch scratch_;
};

}  // namespace

OperatorDefinition define_term_weight() { return detail::define<TermWeight>(); }

}  // namespace millrace::label
