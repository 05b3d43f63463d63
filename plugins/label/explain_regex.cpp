// Tells why texts get their labels of patterns, and how each pattern of a set does over all of
// them.
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <millrace/operator.hpp>

#include "plugins/label/choice_columns.hpp"
#include "plugins/label/explain_rows.hpp"
#include "plugins/label/keyword_explainer.hpp"
#include "plugins/label/lower_block.hpp"
#include "plugins/label/operators.hpp"
#include "plugins/label/over_limit_watch.hpp"
#include "plugins/label/regex_source.hpp"

namespace millrace::label {
namespace {

ShownRules shown(const RegexRules& rules) {
  ShownRules all{
      .text_column = "pattern", .has_types = false, .labels = rules.labels(), .rules = {}};
  for (const auto& rule : rules.rules())
    all.rules.push_back({rule.label, rule.index, rule.pattern, {}});
  return all;
}

// Patterns that are written like an earlier one of their label. What else one pattern may make
// needless, nobody can say without the texts.
HiddenBy repeated(const ShownRules& rules) {
  HiddenBy hidden_by(rules.rules.size());
  std::map<std::pair<std::uint32_t, std::string_view>, std::uint32_t> first;
  for (std::uint32_t i = 0; i < rules.rules.size(); ++i) {
    const auto [known, is_first] =
        first.try_emplace({rules.rules[i].label, rules.rules[i].text}, i);
    if (!is_first) hidden_by[i] = known->second;
  }
  return hidden_by;
}

class ExplainRegex final : public Operator, public Checkpointed {
 public:
  static constexpr auto kName = "label.explain_regex";
  static constexpr auto kRole = Role::Label;
  static constexpr auto kDoc =
      "Labels texts as label.regex does, and tells why: a column lists the patterns that are found "
      "in each text and where they are first, in characters from 0, those of the chosen label "
      "first. At the end the port `rules` has a row for each pattern: in how many texts it was "
      "found (`rows`), in how many of them alone, together with a pattern of another label "
      "(`conflicts`), and with its label chosen; 0 rows tell of a pattern that was never found. "
      "`hidden_by` tells of a pattern that its label has twice. The port `conflicts` has the pairs "
      "of a chosen label and another one with a pattern in the text, with the number of texts, "
      "most "
      "frequent first. For trying out a rule set: it is slower than label.regex, and works in one "
      "instance.";
  static inline const std::string kParams =
      "{" + std::string{kRegexParams} + "," + std::string{kChoiceParams} +
      R"(, "why_column": {"type": "string", "default": "why", "minLength": 1,
      "doc": "Name of the column for the reasons: a list of label, rule (its place among those of the label, from 0), pattern, begin and end."},
    "max_reasons": {"type": "integer", "default": 20, "minimum": 0, "maximum": 10000,
      "doc": "Reasons that are listed for one text."}})";
  static constexpr auto kTraits = R"json({"stability": "stable",
    "reads": {"text": "utf8"}, "adds": {"label": "utf8", "why": "list"}, "ports": ["rules", "conflicts"],
    "conformance": {"skip": {"blocking": "it waits for its rule file, and says so where there is one"}},
    "examples": [
      {"params": {"rules": {"A": ["ab+", "(?<!x)b", "zz", "ab+"], "B": ["^x"]}},
       "rows": {"text": ["xABB", "cab", "x", null]},
       "doc": "A (three patterns of four, one of them twice), A and B; zz is never found."}]})json";

  static void plan(Context& context, const Params& params) {
    plan_regexes(context, params);
    plan_choice_columns(context, params, {{params.string("why_column", "why"), "list"}});
  }

  ExplainRegex(Context& context, const Params& params)
      : column_{params.string("column", "text")},
        why_{params.string("why_column", "why")},
        most_reasons_{static_cast<std::size_t>(params.integer("max_reasons", 20))},
        columns_{params},
        regexes_{compiled_regexes(context, params)},
        scan_{regexes_.rules, search_limits_of(params), [this] { return context_->stopping(); },
              RegexScan::Aim::Where},
        limit_{regexes_, params},
        counts_{std::vector<std::int64_t>(regexes_.rules->labels().size(), 0)},
        rules_{shown(*regexes_.rules)},
        summary_{rules_} {}

  void process(Context& context, Batch batch) override {
    context_ = &context;
    const auto texts = batch.column<std::string_view>(column_);
    choices_.clear();
    Reasons reasons{rules_, most_reasons_};
    for (std::int64_t row = 0; row < texts.size();) {
      const auto first = row;
      row = block_.fill(texts, row);
      if (context.stopping()) throw Failure{MR_CANCELLED, "stopped"};
      for (std::size_t i = 0; i < block_.rows(); ++i) {
        explain(i, texts.value(first + static_cast<std::int64_t>(i)));
        reasons.append(hits_, choices_.back());
        summary_.add(hits_, choices_.back());
      }
    }
    limit_.end_batch(context);
    batch = columns_.add(std::move(batch), choices_, rules_.labels);
    context.emit(std::move(reasons).add_to(std::move(batch), why_));
  }

  void finish(Context& context) override {
    limit_.finish();
    summary_.finish(context, repeated(rules_));
  }

  std::string snapshot(Context&) override { return summary_.snapshot(); }
  void restore(Context&, std::string_view state) override { summary_.restore(state); }

 private:
  // Chooses the label of a row of the block, and finds the places of the patterns in its text.
  void explain(std::size_t row, std::string_view text) {
    hits_.clear();
    if (block_.is_null(row)) {
      choices_.emplace_back();
      return limit_.add_row(*context_, {});
    }
    scan_.run(block_.text(row));
    for (std::size_t i = 0; i < scan_.found().size(); ++i) {
      const auto rule = scan_.found()[i];
      const auto place = scan_.places()[i];
      counts_.add(rules_.rules[rule].label);
      hits_.push_back(
          {rule, static_cast<std::int64_t>(place.begin), static_cast<std::int64_t>(place.end)});
    }
    choices_.push_back(counts_.take());
    limit_.add_row(*context_, scan_.over());
    if (!hits_.empty()) to_code_points(text, scan_.searched(), hits_);
  }

  const std::string column_, why_;
  const std::size_t most_reasons_;
  const ChoiceColumns columns_;
  const CompiledRegexes regexes_;
  Context* context_ = nullptr;  // of the current call
  RegexScan scan_;
  OverLimitWatch limit_;
  LabelCounts counts_;
  LowerBlock block_;
  const ShownRules rules_;
  ExplainSummary summary_;
  std::vector<Choice> choices_;  // members so that their memory is used again
  std::vector<RuleHit> hits_;    // of one row
};

}  // namespace

OperatorDefinition define_explain_regex() { return detail::define<ExplainRegex>(); }

}  // namespace millrace::label
