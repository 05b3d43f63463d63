#include "plugins/label/explain_rows.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

namespace millrace::label {

std::vector<std::uint32_t> ShownRules::labels_of_rules() const {
  std::vector<std::uint32_t> all;
  all.reserve(rules.size());
  for (const Rule& rule : rules) all.push_back(rule.label);
  return all;
}

void Reasons::append(std::span<const RuleHit> hits, const Choice& choice) {
  const auto before = labels_.size();
  for (const bool is_chosen : {true, false}) {
    for (const RuleHit& hit : hits) {
      const ShownRules::Rule& rule = rules_.rules[hit.rule];
      if ((static_cast<std::int64_t>(rule.label) == choice.label) != is_chosen) continue;
      if (static_cast<std::size_t>(labels_.size() - before) == most_) break;
      append(rule, hit);
    }
  }
  lengths_.push_back(labels_.size() - before);
}

void Reasons::append(const ShownRules::Rule& rule, const RuleHit& hit) {
  labels_.append(rules_.labels[rule.label]);
  places_.append(rule.place);
  texts_.append(rule.text);
  if (rules_.has_types) types_.append(rule.type);
  begins_.append(hit.begin);
  ends_.append(hit.end);
}

Batch Reasons::add_to(Batch batch, std::string_view name) && {
  Batch items = Batch{}
                    .with("label", std::move(labels_))
                    .with("rule", std::move(places_))
                    .with(rules_.text_column, std::move(texts_));
  if (rules_.has_types) items = std::move(items).with("type", std::move(types_));
  items = std::move(items).with("begin", std::move(begins_)).with("end", std::move(ends_));
  return std::move(batch).with_list(name, lengths_, std::move(items));
}

void ExplainSummary::finish(Context& context, const HiddenBy& hidden_by) {
  constexpr std::size_t kRowsOfBatch = 8192;
  const auto rules = rules_.rules.size();
  const auto behind = std::min(rules, reported_ + kRowsOfBatch);
  if (reported_ < behind) context.emit(rule_rows(reported_, behind, hidden_by), "rules");
  reported_ = behind;
  if (reported_ < rules) return context.more();
  if (!report_.conflicts().empty()) context.emit(conflict_rows(), "conflicts");
}

std::string ExplainSummary::snapshot() const {
  return std::to_string(reported_) + " " + report_.snapshot();
}

void ExplainSummary::restore(std::string_view state) {
  const auto [end, error] = std::from_chars(state.data(), state.data() + state.size(), reported_);
  const auto size = static_cast<std::size_t>(end - state.data());
  if (error != std::errc{} || size == state.size() || reported_ > rules_.rules.size()) {
    throw Failure{MR_DATA_INVALID, "the checkpoint of an explanation is not readable"};
  }
  report_.restore(state.substr(size + 1));
}

Batch ExplainSummary::rule_rows(std::size_t first, std::size_t behind,
                                const HiddenBy& hidden_by) const {
  Builder<std::string_view> labels, texts, types, hiding_texts;
  Builder<std::int64_t> places, rows, alone, conflicts, chosen;
  for (std::size_t number = first; number < behind; ++number) {
    const ShownRules::Rule& rule = rules_.rules[number];
    const RuleReport::Counts& counts = report_.of_rule(number);
    labels.append(rules_.labels[rule.label]);
    places.append(rule.place);
    texts.append(rule.text);
    if (rules_.has_types) types.append(rule.type);
    rows.append(counts.rows);
    alone.append(counts.alone);
    conflicts.append(counts.conflicts);
    chosen.append(counts.chosen);
    const auto hiding = hidden_by[number];
    hiding ? hiding_texts.append(rules_.rules[*hiding].text) : hiding_texts.append_null();
  }
  Batch batch = Batch{}
                    .with("label", std::move(labels))
                    .with("rule", std::move(places))
                    .with(rules_.text_column, std::move(texts));
  if (rules_.has_types) batch = std::move(batch).with("type", std::move(types));
  return std::move(batch)
      .with("rows", std::move(rows))
      .with("alone", std::move(alone))
      .with("conflicts", std::move(conflicts))
      .with("chosen", std::move(chosen))
      .with("hidden_by", std::move(hiding_texts));
}

Batch ExplainSummary::conflict_rows() const {
  using Item = std::pair<RuleReport::Pair, std::int64_t>;
  std::vector<Item> pairs{report_.conflicts().begin(), report_.conflicts().end()};
  std::stable_sort(pairs.begin(), pairs.end(),
                   [](const Item& one, const Item& other) { return one.second > other.second; });
  Builder<std::string_view> labels, others;
  Builder<std::int64_t> rows;
  for (const auto& [pair, count] : pairs) {
    labels.append(rules_.labels[pair.first]);
    others.append(rules_.labels[pair.second]);
    rows.append(count);
  }
  return Batch{}
      .with("label", std::move(labels))
      .with("other", std::move(others))
      .with("rows", std::move(rows));
}

}  // namespace millrace::label
