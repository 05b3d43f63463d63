// Labels texts by keywords: 2,000 keywords in 10,000,000 rows of 73 bytes take a second of one
// core.
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <millrace/operator.hpp>

#include "plugins/label/choice_columns.hpp"
#include "plugins/label/keyword_matcher.hpp"
#include "plugins/label/keyword_source.hpp"
#include "plugins/label/operators.hpp"

namespace millrace::label {
namespace {

class Keyword final : public Operator {
 public:
  static constexpr auto kName = "label.keyword";
  static constexpr auto kRole = Role::Label;
  static constexpr auto kDoc =
      "Gives each text the label whose keywords it has. The count of a label is one for all its "
      "keywords of type partially of which the text has any, and one for each of its rules of the "
      "other types that match. The label with the largest count is chosen, of equal ones the "
      "first of the rule set. Upper and lower case are the same, by Unicode's full lower-casing; "
      "nothing else is: no blanks are cut, no forms folded, no words looked for. An empty keyword "
      "is ignored as partially, and matches every text as start or end. Rules of unknown types "
      "are ignored and counted as `ignoredRules`. A null has no label.";
  static inline const std::string kParams =
      "{" + std::string{kKeywordParams} + "," + std::string{kChoiceParams} + "}";
  static constexpr auto kTraits = R"({"stability": "stable", "replicable": true,
    "reads": {"text": "utf8"}, "adds": {"label": "utf8"},
    "conformance": {"skip": {"blocking": "it waits for its rule file, and says so where there is one"}},
    "examples": [
      {"params": {"column": "author", "count_column": "count", "rules": {
         "男性": [["先生", "partially"], ["哥", "end"], ["tom", "start"], ["王小明", "absolutely"]],
         "女性": [["小姐", "partially"], ["姐", "end"], ["amy", "start"]]}},
       "rows": {"author": ["陳先生", "Amy Lin", "林超哥", "TOM", "路人甲", "小姐與先生", null]},
       "doc": "男性, 女性, 男性, 男性, none, 男性 (equal counts: the first label) and none."},
      {"params": {"rules_file": "qiniu:///z0/in/rules.json"},
       "objects": {"qiniu:///z0/in/rules.json": "{\"A\": [[\"x\", \"start,end\"]], \"B\": [[\"y\", [\"partially\"]]]}"},
       "rows": {"text": ["x", "y", "yx", ""]},
       "doc": "A (twice), B, A (once, as B, and listed first) and none."}]})";

  static void plan(Context& context, const Params& params) {
    plan_keywords(context, params);
    plan_choice_columns(context, params);
  }

  Keyword(Context& context, const Params& params)
      : column_{params.string("column", "text")},
        columns_{params},
        keywords_{compiled_keywords(context, params)},
        matcher_{{keywords_, &keywords_->labels}, [this] { return context_->stopping(); }} {}

  void process(Context& context, Batch batch) override {
    context_ = &context;
    matcher_.match(batch.column<std::string_view>(column_), choices_);
    context.emit(columns_.add(std::move(batch), choices_, keywords_->rules.labels));
  }

 private:
  const std::string column_;
  const ChoiceColumns columns_;
  const std::shared_ptr<const CompiledKeywords> keywords_;  // all instances of the node share it
  const Context* context_ = nullptr;                        // of the current call
  KeywordMatcher matcher_;
  std::vector<Choice> choices_;  // a member so that its memory is used again
};

}  // namespace

OperatorDefinition define_keyword() { return detail::define<Keyword>(); }

}  // namespace millrace::label
