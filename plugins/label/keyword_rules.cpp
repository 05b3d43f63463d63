#include "plugins/label/keyword_rules.hpp"

#include <algorithm>
#include <array>
#include <iterator>
#include <utility>

namespace millrace::label {
namespace {

struct Word {
  std::string_view text;
  Match match;
};

// "exactly" is last, and left out where it means nothing.
constexpr std::array<Word, 5> kWords{{{"partially", Match::Partially},
                                      {"start", Match::Start},
                                      {"end", Match::End},
                                      {"absolutely", Match::Equal},
                                      {"exactly", Match::Equal}}};

std::span<const Word> known_words(const KeywordLimits& limits) {
  return std::span{kWords}.first(limits.exactly_is_equality ? kWords.size() : kWords.size() - 1);
}

// A label in a message: not longer than a line.
std::string shown(std::string_view label) {
  constexpr std::size_t kMost = 60;
  if (label.size() <= kMost) return std::string{label};
  std::size_t end = kMost;
  while (end > 0 && (static_cast<unsigned char>(label[end]) & 0xC0) == 0x80) --end;
  return std::string{label.substr(0, end)} + "...";
}

std::string too_many(std::string_view what, const KeywordLimits& limits) {
  return "is one " + std::string{what} + " more than `max_keywords` allows, which is " +
         std::to_string(limits.max_keywords);
}

}  // namespace

std::string Matches::text() const {
  std::string words;
  for (const Word& word : std::span{kWords}.first(4)) {
    if (has(word.match)) words.append(words.empty() ? "" : ",").append(word.text);
  }
  return words;
}

void KeywordRulesBuilder::begin_label(std::string_view label) {
  is_in_rule_ = false;
  if (label.size() > KeywordLimits::kMaxLabelBytes) {
    throw Failure{MR_INVALID_ARGUMENT, "keyword rules: label '" + shown(label) + "' has " +
                                           std::to_string(label.size()) + " bytes, allowed are " +
                                           std::to_string(KeywordLimits::kMaxLabelBytes)};
  }
  const auto [place, is_new] = places_.try_emplace(std::string{label}, labels_.size());
  current_ = place->second;
  if (!is_new) {
    labels_[current_].rules.clear();
    labels_[current_].written = 0;
    return;
  }
  labels_.push_back({std::string{label}, {}, 0});
  if (labels_.size() > limits_.max_keywords) refuse(too_many("label", limits_));
}

void KeywordRulesBuilder::begin_rule() {
  is_in_rule_ = true;
  if (++keywords_ > limits_.max_keywords) refuse(too_many("rule", limits_));
  rule_ = {static_cast<std::uint32_t>(current_), labels_[current_].written, {}, {}};
}

void KeywordRulesBuilder::keyword(std::string_view text) {
  if (text.size() > KeywordLimits::kMaxKeywordBytes) {
    refuse("has a keyword of " + std::to_string(text.size()) + " bytes, allowed are " +
           std::to_string(KeywordLimits::kMaxKeywordBytes));
  }
  text_bytes_ += text.size();
  if (text_bytes_ > KeywordLimits::kMaxTextBytes) {
    refuse("goes beyond the " + std::to_string(KeywordLimits::kMaxTextBytes) +
           " bytes that all keywords together may have");
  }
  rule_.keyword = text;
}

void KeywordRulesBuilder::type(std::string_view text) {
  for (const Word& word : known_words(limits_)) {
    if (text.find(word.text) != std::string_view::npos) rule_.matches.add(word.match);
  }
}

void KeywordRulesBuilder::listed_type(std::string_view text) {
  for (const Word& word : known_words(limits_)) {
    if (text == word.text) rule_.matches.add(word.match);
  }
}

void KeywordRulesBuilder::end_rule() {
  Label& label = labels_[current_];
  ++label.written;
  if (!rule_.matches.empty()) label.rules.push_back(std::move(rule_));
  is_in_rule_ = false;
}

KeywordRules KeywordRulesBuilder::take() {
  KeywordRules all;
  for (Label& label : labels_) {
    all.labels.push_back(std::move(label.name));
    all.ignored += label.written - static_cast<std::int64_t>(label.rules.size());
    std::move(label.rules.begin(), label.rules.end(), std::back_inserter(all.rules));
  }
  return all;
}

void KeywordRulesBuilder::refuse(std::string_view why) const {
  std::string message = "keyword rules";
  if (!labels_.empty()) message += ": label '" + shown(labels_[current_].name) + "'";
  if (is_in_rule_) message += ", rule " + std::to_string(labels_[current_].written);
  throw Failure{MR_INVALID_ARGUMENT, message.append(labels_.empty() ? " " : ": ").append(why)};
}

namespace {

void read_type(const Value& type, KeywordRulesBuilder& builder) {
  if (type.kind() == MR_STRING) return builder.type(type.string());
  if (type.kind() != MR_ARRAY) builder.refuse(KeywordRulesBuilder::kNoType);
  for (std::size_t i = 0; i < type.size(); ++i) {
    const Value item = type.at(i);
    if (item.kind() != MR_STRING) builder.refuse(KeywordRulesBuilder::kNoType);
    builder.listed_type(item.string());
  }
}

}  // namespace

KeywordRules read_keyword_rules(const Value& rules, const KeywordLimits& limits) {
  KeywordRulesBuilder builder{limits};
  if (rules.kind() != MR_OBJECT) builder.refuse(KeywordRulesBuilder::kNoRules);
  for (std::size_t i = 0; i < rules.size(); ++i) {
    builder.begin_label(rules.key(i));
    const Value list = rules.at(i);
    if (list.kind() != MR_ARRAY) builder.refuse(KeywordRulesBuilder::kNoList);
    for (std::size_t place = 0; place < list.size(); ++place) {
      builder.begin_rule();
      const Value rule = list.at(place);
      if (rule.kind() != MR_ARRAY || rule.size() != 2) builder.refuse(KeywordRulesBuilder::kNoPair);
      if (rule.at(0).kind() != MR_STRING) builder.refuse(KeywordRulesBuilder::kNoKeyword);
      builder.keyword(rule.at(0).string());
      read_type(rule.at(1), builder);
      builder.end_rule();
    }
  }
  return builder.take();
}

}  // namespace millrace::label
