#include "plugins/label/regex_rules.hpp"

#include <algorithm>
#include <limits>
#include <stdexcept>
#include <utility>

#include <millrace/context.hpp>

#include "plugins/label/regex_text.hpp"

#include <unicode/unistr.h>
#include <unicode/utf8.h>

namespace millrace::label {
namespace {

// What RE2 may take for one of so many patterns.
std::size_t state_bytes(std::size_t patterns) {
  constexpr std::size_t kLeast = std::size_t{128} << 10, kMost = std::size_t{8} << 20;
  return std::clamp(kRegexStateBytes / std::max<std::size_t>(patterns, 1), kLeast, kMost);
}

std::string place_of(const std::string& label, std::size_t index) {
  return "label " + label + ", pattern " + std::to_string(index) + ": ";
}

[[noreturn]] void refuse_rule(const std::string& label, std::size_t index, std::string_view why) {
  throw Failure{MR_INVALID_ARGUMENT, place_of(label, index) + std::string{why}};
}

bool is_utf8(std::string_view text) {
  const auto* const bytes = reinterpret_cast<const std::uint8_t*>(text.data());
  const std::size_t size = text.size();
  for (std::size_t i = 0; i < size;) {
    if (bytes[i] < 0x80) {
      ++i;
      continue;
    }
    UChar32 code = 0;
    U8_NEXT(bytes, i, size, code);
    if (code < 0) return false;
  }
  return true;
}

}  // namespace

RegexRules::RegexRules(const std::vector<RegexLabel>& labels, bool ignores_case,
                       const std::function<bool()>& stopping) {
  std::size_t count = 0, bytes = 0;
  for (const auto& label : labels) count += label.patterns.size();
  std::vector<RegexPrefilter::Entry> entries;
  std::uint64_t filter_characters = kPrefilterCharacters;
  for (const auto& label : labels) {
    const auto number = static_cast<std::uint32_t>(labels_.size());
    labels_.push_back(label.name);
    for (std::uint32_t index = 0; index < label.patterns.size(); ++index) {
      if (stopping()) throw Failure{MR_CANCELLED, "stopped"};
      const auto read = parse_pattern(label.patterns[index], {.ignores_case = ignores_case});
      if (const auto* error = std::get_if<PatternError>(&read)) {
        refuse_rule(label.name, index, error->message);
      }
      const auto& pattern = std::get<Pattern>(read);
      auto compiled = RegexSearch::compile(pattern, state_bytes(count));
      if (const auto* why = std::get_if<std::string>(&compiled)) {
        refuse_rule(label.name, index, *why);
      }
      auto& search = std::get<RegexSearch>(compiled);
      bytes += search.size_bytes();
      if (bytes > kRegexProgramBytes) {
        throw Failure{MR_EXHAUSTED, place_of(label.name, index) + "the patterns up to here need " +
                                        std::to_string(kRegexProgramBytes >> 20) +
                                        " MiB when compiled; use fewer or smaller ones"};
      }
      for (const auto& warning : pattern.warnings) {
        warnings_.push_back(place_of(label.name, index) + warning);
      }
      const auto rule = static_cast<std::uint32_t>(rules_.size());
      if (auto text = text_for_prefilter(pattern, filter_characters)) {
        entries.push_back({std::move(*text), rule});
      } else {
        unfiltered_.push_back(rule);
      }
      rules_.push_back({number, index, label.patterns[index], std::move(search)});
    }
  }
  prefilter_.emplace(entries, unfiltered_);
}

std::string RegexRules::name_of(std::uint32_t rule) const {
  return "pattern " + std::to_string(rules_[rule].index) + " of label " +
         labels_[rules_[rule].label];
}

RegexScan::RegexScan(std::shared_ptr<const RegexRules> rules, const SearchLimits& limits,
                     std::function<bool()> stopping, Aim aim)
    : rules_{std::move(rules)},
      stopping_{std::move(stopping)},
      aim_{aim},
      scratch_{rules_->prefilter_->make_scratch()},
      memory_{limits} {}

std::string_view RegexScan::repaired(std::string_view text) {
  if (text.size() > std::numeric_limits<std::int32_t>::max()) {
    throw std::length_error{"repair a text: it has 2 GiB or more"};
  }
  repaired_.clear();
  icu::UnicodeString::fromUTF8({text.data(), static_cast<std::int32_t>(text.size())})
      .toUTF8String(repaired_);
  return repaired_;
}

void RegexScan::run(std::string_view text) {
  found_.clear();
  over_.clear();
  places_.clear();
  if (!is_utf8(text)) text = repaired(text);
  searched_ = text;
  candidates_ = rules_->unfiltered_;
  rules_->prefilter_->scan(text, scratch_, candidates_);
  std::sort(candidates_.begin(), candidates_.end());
  memory_.begin_text();
  for (const auto rule : candidates_) {
    if (stopping_()) throw Failure{MR_CANCELLED, "stopped"};
    SearchPlace place;
    auto* const wanted = aim_ == Aim::Where ? &place : nullptr;
    switch (rules_->rules_[rule].search.search(text, memory_, wanted)) {
      case SearchResult::Found:
        found_.push_back(rule);
        if (wanted != nullptr) places_.push_back(place);
        break;
      case SearchResult::OverLimit:
        over_.push_back(rule);
        break;
      case SearchResult::NotFound:
        break;
    }
  }
}

}  // namespace millrace::label
