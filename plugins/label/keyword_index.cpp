#include "plugins/label/keyword_index.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include "plugins/label/lower.hpp"

#include <hs/hs.h>

namespace millrace::label {
namespace {

// The keywords of one kind, with what they count for in the order of the rules.
KeywordTargets keywords_of(const KeywordRules& rules, Match match, KeywordIndex::Target target) {
  KeywordTargets keywords;
  for (std::size_t number = 0; number < rules.rules.size(); ++number) {
    const KeywordRule& rule = rules.rules[number];
    if (!rule.matches.has(match)) continue;
    keywords[lower(rule.keyword)].push_back(
        target == KeywordIndex::Target::Label ? rule.label : static_cast<std::uint32_t>(number));
  }
  return keywords;
}

Targets of_empty_keyword(const KeywordTargets& keywords) {
  const auto found = keywords.find("");
  return found == keywords.end() ? Targets{} : found->second;
}

}  // namespace

void KeywordIndex::FreeDatabase::operator()(hs_database* database) const {
  hs_free_database(database);
}

KeywordIndex::KeywordIndex(const KeywordRules& rules, Target target)
    : target_count_{target == Target::Label ? rules.labels.size() : rules.rules.size()},
      starts_{keywords_of(rules, Match::Start, target)},
      ends_{keywords_of(rules, Match::End, target)},
      equals_{keywords_of(rules, Match::Equal, target)},
      always_starts_{of_empty_keyword(keywords_of(rules, Match::Start, target))},
      always_ends_{of_empty_keyword(keywords_of(rules, Match::End, target))} {
  KeywordTargets within = keywords_of(rules, Match::Partially, target);
  within.erase("");  // which is in no text by the rules, though it is in every one
  if (!within.empty()) compile(within);
}

void KeywordIndex::compile(const KeywordTargets& keywords) {
  if (hs_valid_platform() != HS_SUCCESS) {
    throw Failure{MR_UNAVAILABLE,
                  "keywords cannot be searched for: Vectorscan does not run on this processor"};
  }
  std::vector<const char*> texts;
  std::vector<unsigned> numbers;
  std::vector<bool> is_target(target_count_);
  for (const auto& [keyword, targets] : keywords) {
    numbers.push_back(static_cast<unsigned>(texts.size()));
    texts.push_back(keyword.data());
    bytes_.push_back(keyword.size());
    Targets once = targets;  // of one label in the order of the rules, so that equal ones meet
    once.erase(std::unique(once.begin(), once.end()), once.end());
    for (const auto target : once) is_target[target] = true;
    targets_.push_back(std::move(once));
  }
  within_count_ = static_cast<std::size_t>(std::count(is_target.begin(), is_target.end(), true));
  const std::vector<unsigned> flags(texts.size(), 0);
  hs_database_t* database = nullptr;
  hs_compile_error_t* error = nullptr;
  const auto status = hs_compile_lit_multi(texts.data(), flags.data(), numbers.data(),
                                           bytes_.data(), static_cast<unsigned>(texts.size()),
                                           HS_MODE_BLOCK, nullptr, &database, &error);
  if (status == HS_SUCCESS) {
    database_.reset(database);
    return;
  }
  const std::string why = error == nullptr ? "no memory" : error->message;
  hs_free_compile_error(error);
  throw Failure{MR_INVALID_ARGUMENT, "keyword rules: Vectorscan cannot compile them: " + why};
}

}  // namespace millrace::label
