// Labels texts by patterns of Python's grammar. One pass of Vectorscan over a text says which
// patterns may be in it; RE2 or PCRE2 searches for those.
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <millrace/operator.hpp>

#include "plugins/label/choice_columns.hpp"
#include "plugins/label/lower_block.hpp"
#include "plugins/label/operators.hpp"
#include "plugins/label/over_limit_watch.hpp"
#include "plugins/label/regex_source.hpp"

namespace millrace::label {
namespace {

class Regex final : public Operator {
 public:
  static constexpr auto kName = "label.regex";
  static constexpr auto kRole = Role::Label;
  static constexpr auto kDoc =
      "Gives each text the label whose patterns it has. The count of a label is the number of its "
      "patterns that are found anywhere in the text; the label with the largest count is chosen, "
      "of equal ones the first of the rule set. Patterns are those of Python's re (3.11), with its "
      "meaning and its error messages: look-around, references, conditionals, inline flags, "
      "Unicode classes. Texts are lower-cased by Unicode's full lower-casing; bytes that are no "
      "UTF-8 are taken as U+FFFD. A null has no label. Python's warnings of a pattern are logged. "
      "Refused though Python takes them: counts over 65,535, groups more than 200 deep, and a "
      "conditional on the group that it stands in.";
  static inline const std::string kParams =
      "{" + std::string{kRegexParams} + "," + std::string{kChoiceParams} + "}";
  static constexpr auto kTraits = R"json({"stability": "stable", "replicable": true,
    "reads": {"text": "utf8"}, "adds": {"label": "utf8"},
    "conformance": {"skip": {"blocking": "it waits for its rule file, and says so where there is one"}},
    "examples": [
      {"params": {"column": "content", "count_column": "count", "rules": {
         "女性": ["我男友", "女生一枚"], "男性": ["我女友", "當兵"], "學生": ["段考|期末考"]}},
       "rows": {"content": ["我女友今天", "當兵與我女友", "我男友 女生一枚 期末考", "段考", "無", null]},
       "doc": "男性, 男性 (twice), 女性 (twice), 學生, none and none."},
      {"params": {"rules_file": "qiniu:///z0/in/rules.json"},
       "objects": {"qiniu:///z0/in/rules.json": "{\"A\": [\"\\\\bTom(?!my)\", \"(x)\\\\1\"]}"},
       "rows": {"text": ["TOM", "tommy", "xx", ""]},
       "doc": "A, none, A and none."}]})json";

  static void plan(Context& context, const Params& params) {
    plan_regexes(context, params);
    plan_choice_columns(context, params);
  }

  Regex(Context& context, const Params& params)
      : column_{params.string("column", "text")},
        columns_{params},
        regexes_{compiled_regexes(context, params)},
        scan_{regexes_.rules, search_limits_of(params), [this] { return context_->stopping(); }},
        limit_{regexes_, params},
        counts_{std::vector<std::int64_t>(regexes_.rules->labels().size(), 0)} {}

  void process(Context& context, Batch batch) override {
    context_ = &context;
    const auto texts = batch.column<std::string_view>(column_);
    choices_.clear();
    for (std::int64_t row = 0; row < texts.size();) {
      row = block_.fill(texts, row);
      if (context.stopping()) throw Failure{MR_CANCELLED, "stopped"};
      for (std::size_t i = 0; i < block_.rows(); ++i) label_row(i);
    }
    limit_.end_batch(context);
    context.emit(columns_.add(std::move(batch), choices_, regexes_.rules->labels()));
  }

  void finish(Context&) override { limit_.finish(); }

 private:
  void label_row(std::size_t row) {
    if (block_.is_null(row)) {
      choices_.emplace_back();
      return limit_.add_row(*context_, {});
    }
    scan_.run(block_.text(row));
    for (const auto rule : scan_.found()) counts_.add(regexes_.rules->rules()[rule].label);
    choices_.push_back(counts_.take());
    limit_.add_row(*context_, scan_.over());
  }

  const std::string column_;
  const ChoiceColumns columns_;
  const CompiledRegexes regexes_;
  Context* context_ = nullptr;  // of the current call
  RegexScan scan_;
  OverLimitWatch limit_;
  LabelCounts counts_;
  LowerBlock block_;
  std::vector<Choice> choices_;  // a member so that its memory is used again
};

}  // namespace

OperatorDefinition define_regex() { return detail::define<Regex>(); }

}  // namespace millrace::label
