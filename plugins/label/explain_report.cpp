#include "plugins/label/explain_report.hpp"

#include <algorithm>
#include <charconv>

#include <millrace/context.hpp>

namespace millrace::label {
namespace {

void append_number(std::string& text, std::int64_t number) {
  text.append(std::to_string(number)).push_back(' ');
}

std::int64_t take_number(std::string_view& text) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const auto size = static_cast<std::size_t>(end - text.data());
  if (error != std::errc{} || size == text.size() || text[size] != ' ' || number < 0) {
    throw Failure{MR_DATA_INVALID, "the checkpoint of a report on rules is not readable"};
  }
  text.remove_prefix(size + 1);
  return number;
}

}  // namespace

RuleReport::RuleReport(std::vector<std::uint32_t> labels)
    : labels_{std::move(labels)}, counts_(labels_.size()) {}

void RuleReport::add(std::span<const RuleHit> hits, std::int32_t chosen) {
  if (hits.empty()) return;
  rules_.clear();
  matched_.clear();
  for (const RuleHit& hit : hits) {
    if (!rules_.empty() && rules_.back() == hit.rule) continue;
    rules_.push_back(hit.rule);
    matched_.push_back(labels_[hit.rule]);
  }
  std::sort(matched_.begin(), matched_.end());
  matched_.erase(std::unique(matched_.begin(), matched_.end()), matched_.end());
  for (const auto rule : rules_) {
    Counts& counts = counts_[rule];
    ++counts.rows;
    counts.alone += rules_.size() == 1 ? 1 : 0;
    counts.conflicts += matched_.size() > 1 ? 1 : 0;
    counts.chosen += static_cast<std::int64_t>(labels_[rule]) == chosen ? 1 : 0;
  }
  for (const auto label : matched_) {
    if (static_cast<std::int64_t>(label) == chosen) continue;
    const Pair pair{static_cast<std::uint32_t>(chosen), label};
    if (conflicts_.size() < kMaxPairs) {
      ++conflicts_[pair];
    } else if (const auto known = conflicts_.find(pair); known != conflicts_.end()) {
      ++known->second;
    }
  }
}

std::string RuleReport::snapshot() const {
  std::string state;
  const auto is_used = [](const Counts& counts) { return counts.rows > 0; };
  append_number(state, std::count_if(counts_.begin(), counts_.end(), is_used));
  for (std::size_t rule = 0; rule < counts_.size(); ++rule) {
    const Counts& counts = counts_[rule];
    if (!is_used(counts)) continue;
    append_number(state, static_cast<std::int64_t>(rule));
    for (const auto number : {counts.rows, counts.alone, counts.conflicts, counts.chosen}) {
      append_number(state, number);
    }
  }
  append_number(state, static_cast<std::int64_t>(conflicts_.size()));
  for (const auto& [pair, rows] : conflicts_) {
    append_number(state, pair.first);
    append_number(state, pair.second);
    append_number(state, rows);
  }
  return state;
}

void RuleReport::restore(std::string_view state) {
  counts_.assign(labels_.size(), {});
  conflicts_.clear();
  for (auto rules = take_number(state); rules > 0; --rules) {
    const auto rule = static_cast<std::size_t>(take_number(state));
    if (rule >= counts_.size()) {
      throw Failure{MR_DATA_INVALID, "the checkpoint of a report is of other rules"};
    }
    Counts& counts = counts_[rule];
    for (auto* number : {&counts.rows, &counts.alone, &counts.conflicts, &counts.chosen}) {
      *number = take_number(state);
    }
  }
  for (auto pairs = take_number(state); pairs > 0; --pairs) {
    const auto chosen = static_cast<std::uint32_t>(take_number(state));
    const auto other = static_cast<std::uint32_t>(take_number(state));
    conflicts_[{chosen, other}] = take_number(state);
  }
}

}  // namespace millrace::label
