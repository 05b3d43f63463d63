// Tells why texts get their labels, and how each rule of a set does over all of them.
#include <algorithm>
#include <charconv>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <millrace/operator.hpp>

#include "plugins/label/choice_columns.hpp"
#include "plugins/label/explain_report.hpp"
#include "plugins/label/keyword_explainer.hpp"
#include "plugins/label/keyword_matcher.hpp"
#include "plugins/label/keyword_source.hpp"
#include "plugins/label/operators.hpp"

namespace millrace::label {
namespace {

std::vector<std::uint32_t> labels_of(const KeywordRules& rules) {
  std::vector<std::uint32_t> labels;
  for (const KeywordRule& rule : rules.rules) labels.push_back(rule.label);
  return labels;
}

// The column of reasons: for each text a list of the rules that match it.
class Reasons {
 public:
  explicit Reasons(const KeywordRules& rules) : rules_{rules} {}

  // The rules of the chosen label come first.
  void append(std::span<const RuleHit> hits, const Choice& choice, std::size_t most) {
    const auto before = labels_.size();
    for (const bool is_chosen : {true, false}) {
      for (const RuleHit& hit : hits) {
        const KeywordRule& rule = rules_.rules[hit.rule];
        if ((static_cast<std::int64_t>(rule.label) == choice.label) != is_chosen) continue;
        if (static_cast<std::size_t>(labels_.size() - before) == most) break;
        append(rule, hit);
      }
    }
    lengths_.push_back(labels_.size() - before);
  }
  [[nodiscard]] Batch add_to(Batch batch, std::string_view name) && {
    Batch items = Batch{}
                      .with("label", std::move(labels_))
                      .with("rule", std::move(places_))
                      .with("keyword", std::move(keywords_))
                      .with("type", std::move(types_))
                      .with("begin", std::move(begins_))
                      .with("end", std::move(ends_));
    return std::move(batch).with_list(name, lengths_, std::move(items));
  }

 private:
  void append(const KeywordRule& rule, const RuleHit& hit) {
    labels_.append(rules_.labels[rule.label]);
    places_.append(rule.place);
    keywords_.append(rule.keyword);
    types_.append(rule.matches.text());
    begins_.append(hit.begin);
    ends_.append(hit.end);
  }

  const KeywordRules& rules_;
  Builder<std::string_view> labels_, keywords_, types_;
  Builder<std::int64_t> places_, begins_, ends_;
  std::vector<std::int64_t> lengths_;
};

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
        report_{labels_of(keywords_->rules)} {}

  void process(Context& context, Batch batch) override {
    context_ = &context;
    const auto texts = batch.column<std::string_view>(column_);
    matcher_.match(texts, choices_);
    Reasons reasons{keywords_->rules};
    explainer_.explain(texts, [&](std::int64_t row, std::span<const RuleHit> hits) {
      const Choice& choice = choices_[static_cast<std::size_t>(row)];
      reasons.append(hits, choice, most_reasons_);
      report_.add(hits, choice.label);
    });
    batch = columns_.add(std::move(batch), choices_, keywords_->rules.labels);
    context.emit(std::move(reasons).add_to(std::move(batch), why_));
  }

  void finish(Context& context) override {
    context_ = &context;
    const auto rules = keywords_->rules.rules.size();
    if (!hidden_by_) hidden_by_ = explainer_.hidden_by();
    const auto behind = std::min(rules, reported_ + kRowsOfBatch);
    if (reported_ < behind) context.emit(rule_rows(reported_, behind), "rules");
    reported_ = behind;
    if (reported_ < rules) return context.more();
    if (!report_.conflicts().empty()) context.emit(conflict_rows(), "conflicts");
  }

  std::string snapshot(Context&) override {
    return std::to_string(reported_) + " " + report_.snapshot();
  }
  void restore(Context&, std::string_view state) override {
    const auto [end, error] = std::from_chars(state.data(), state.data() + state.size(), reported_);
    const auto size = static_cast<std::size_t>(end - state.data());
    if (error != std::errc{} || size == state.size()) {
      throw Failure{MR_DATA_INVALID, "the checkpoint of an explanation is not readable"};
    }
    report_.restore(state.substr(size + 1));
  }

 private:
  static constexpr std::size_t kRowsOfBatch = 8192;

  [[nodiscard]] bool is_stopping() const { return context_->stopping(); }

  [[nodiscard]] Batch rule_rows(std::size_t first, std::size_t behind) const {
    Builder<std::string_view> labels, keywords, types, hidden_by;
    Builder<std::int64_t> places, rows, alone, conflicts, chosen;
    const KeywordRules& all = keywords_->rules;
    for (std::size_t number = first; number < behind; ++number) {
      const KeywordRule& rule = all.rules[number];
      const RuleReport::Counts& counts = report_.of_rule(number);
      labels.append(all.labels[rule.label]);
      places.append(rule.place);
      keywords.append(rule.keyword);
      types.append(rule.matches.text());
      rows.append(counts.rows);
      alone.append(counts.alone);
      conflicts.append(counts.conflicts);
      chosen.append(counts.chosen);
      const auto hiding = (*hidden_by_)[number];
      hiding ? hidden_by.append(all.rules[*hiding].keyword) : hidden_by.append_null();
    }
    return Batch{}
        .with("label", std::move(labels))
        .with("rule", std::move(places))
        .with("keyword", std::move(keywords))
        .with("type", std::move(types))
        .with("rows", std::move(rows))
        .with("alone", std::move(alone))
        .with("conflicts", std::move(conflicts))
        .with("chosen", std::move(chosen))
        .with("hidden_by", std::move(hidden_by));
  }

  [[nodiscard]] Batch conflict_rows() const {
    using Item = std::pair<RuleReport::Pair, std::int64_t>;
    std::vector<Item> pairs{report_.conflicts().begin(), report_.conflicts().end()};
    std::stable_sort(pairs.begin(), pairs.end(),
                     [](const Item& one, const Item& other) { return one.second > other.second; });
    Builder<std::string_view> labels, others;
    Builder<std::int64_t> rows;
    for (const auto& [pair, count] : pairs) {
      labels.append(keywords_->rules.labels[pair.first]);
      others.append(keywords_->rules.labels[pair.second]);
      rows.append(count);
    }
    return Batch{}
        .with("label", std::move(labels))
        .with("other", std::move(others))
        .with("rows", std::move(rows));
  }

  const std::string column_, why_;
  const std::size_t most_reasons_;
  const ChoiceColumns columns_;
  const std::shared_ptr<const CompiledKeywords> keywords_;  // shared with the node's next instance
  const Context* context_ = nullptr;                        // of the current call
  KeywordMatcher matcher_;
  KeywordExplainer explainer_;
  RuleReport report_;
  std::optional<std::vector<std::optional<std::uint32_t>>> hidden_by_;  // when all texts are seen
  std::size_t reported_ = 0;                                            // rules
  std::vector<Choice> choices_;
};

}  // namespace

OperatorDefinition define_explain() { return detail::define<Explain>(); }

}  // namespace millrace::label
