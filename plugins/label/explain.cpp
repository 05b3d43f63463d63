// Tells why texts get their labels, and how each rule of a set does over all of them.
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <millrace/operator.hpp>

#include "plugins/label/choice_columns.hpp"
#include "plugins/label/explain_rows.hpp"
#include "plugins/label/keyword_explainer.hpp"
#include "plugins/label/keyword_matcher.hpp"
#include "plugins/label/keyword_source.hpp"
#include "plugins/label/operators.hpp"

namespace millrace::label {
namespace {

ShownRules shown(const KeywordRules& rules) {
  ShownRules all{.text_column = "keyword", .has_types = true, .labels = rules.labels, .rules = {}};
  for (const KeywordRule& rule : rules.rules)
    all.rules.push_back({rule.label, rule.place, rule.keyword, rule.matches.text()});
  return all;
}

class Explain final : public Operator, public Checkpointed {
 public:
  static constexpr auto kName = "label.explain";
  static constexpr auto kRole = Role::Label;
  static constexpr auto kDoc =
      "Labels texts as label.keyword does, and tells why: a column lists the rules that match each "
      "text and where, in characters from 0, those of the chosen label first. At the end the port "
      "`rules` has a row for each rule: in how many texts it matched (`rows`), in how many of them "
      "alone, together with a rule of another label (`conflicts`), and with its label chosen; 0 "
      "rows tell of a rule that never matched. `hidden_by` is a keyword of the same label that "
      "makes the rule needless, since it is part of the rule's own. The port `conflicts` has the "
      "pairs of a chosen label and another one that matched too, with the number of texts, most "
      "frequent first. For trying out a rule set: it is slower than label.keyword, and works in "
      "one instance.";
  static inline const std::string kParams =
      "{" + std::string{kKeywordParams} + "," + std::string{kChoiceParams} +
      R"(, "why_column": {"type": "string", "default": "why", "minLength": 1,
      "doc": "Name of the column for the reasons: a list of label, rule (its place among those of the label, from 0), keyword, type, begin and end."},
    "max_reasons": {"type": "integer", "default": 20, "minimum": 0, "maximum": 10000,
      "doc": "Reasons that are listed for one text."}})";
  static constexpr auto kTraits = R"({"stability": "stable",
    "reads": {"text": "utf8"}, "adds": {"label": "utf8", "why": "list"}, "ports": ["rules", "conflicts"],
    "conformance": {"skip": {"blocking": "it waits for its rule file, and says so where there is one"}},
    "examples": [
      {"params": {"rules": {"A": [["ab", "partially"], ["abc", "partially"], ["zz", "partially"]],
                            "B": [["x", "start,end"]]}},
       "rows": {"text": ["xABC", "x", "cab", null]},
       "doc": "A and B are equal in the first text, and A is listed first; ab hides abc, and zz never matches."}]})";

  static void plan(Context& context, const Params& params) {
    plan_keywords(context, params);
    plan_choice_columns(context, params, {{params.string("why_column", "why"), "list"}});
  }

  Explain(Context& context, const Params& params)
      : column_{params.string("column", "text")},
        why_{params.string("why_column", "why")},
        most_reasons_{static_cast<std::size_t>(params.integer("max_reasons", 20))},
        columns_{params},
        keywords_{compiled_keywords(context, params)},
        matcher_{{keywords_, &keywords_->labels}, [this] { return is_stopping(); }},
        explainer_{keywords_->rules, [this] { return is_stopping(); }},
        rules_{shown(keywords_->rules)},
        summary_{rules_} {}

  void process(Context& context, Batch batch) override {
    context_ = &context;
    const auto texts = batch.column<std::string_view>(column_);
    matcher_.match(texts, choices_);
    Reasons reasons{rules_, most_reasons_};
    explainer_.explain(texts, [&](std::int64_t row, std::span<const RuleHit> hits) {
      const Choice& choice = choices_[static_cast<std::size_t>(row)];
      reasons.append(hits, choice);
      summary_.add(hits, choice);
    });
    batch = columns_.add(std::move(batch), choices_, keywords_->rules.labels);
    context.emit(std::move(reasons).add_to(std::move(batch), why_));
  }

  void finish(Context& context) override {
    context_ = &context;
    if (!hidden_by_) hidden_by_ = explainer_.hidden_by();
    summary_.finish(context, *hidden_by_);
  }

  std::string snapshot(Context&) override { return summary_.snapshot(); }
  void restore(Context&, std::string_view state) override { summary_.restore(state); }

 private:
  [[nodiscard]] bool is_stopping() const { return context_->stopping(); }

  const std::string column_, why_;
  const std::size_t most_reasons_;
  const ChoiceColumns columns_;
  const std::shared_ptr<const CompiledKeywords> keywords_;  // shared with the node's next instance
  const Context* context_ = nullptr;                        // of the current call
  KeywordMatcher matcher_;
  KeywordExplainer explainer_;
  const ShownRules rules_;
  ExplainSummary summary_;
  std::optional<HiddenBy> hidden_by_;  // when all texts are seen
  std::vector<Choice> choices_;
};

}  // namespace

OperatorDefinition define_explain() { return detail::define<Explain>(); }

}  // namespace millrace::label
