// Feeds text to the reader of keyword rules: it is refused in words, or read; what is read gives
// the same labels however the texts are put together, and its rules are found where they match.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <millrace/batch.hpp>

#include "plugins/label/keyword_explainer.hpp"
#include "plugins/label/keyword_matcher.hpp"
#include "plugins/label/keyword_rules.hpp"

namespace {

using namespace millrace;
using namespace millrace::label;

void demand(bool holds) {
  if (!holds) std::abort();
}

std::vector<Choice> match(KeywordMatcher& matcher, const std::vector<std::string>& texts) {
  Builder<std::string_view> column;
  for (const auto& text : texts) column.append(std::string_view{text});
  const Batch batch = Batch{}.with("text", std::move(column));
  std::vector<Choice> choices;
  matcher.match(batch.column<std::string_view>("text"), choices);
  return choices;
}

void check_matching(const KeywordRules& rules) {
  const auto never = [] { return false; };
  KeywordMatcher matcher{std::make_shared<const KeywordIndex>(rules, KeywordIndex::Target::Label),
                         never};
  std::vector<std::string> texts{""};
  for (const KeywordRule& rule : rules.rules) texts.push_back(rule.keyword);
  const auto together = match(matcher, texts);
  demand(together.size() == texts.size());
  for (std::size_t i = 0; i < texts.size(); ++i) {
    demand(match(matcher, {texts[i]}).at(0) == together[i]);
    // A text that is a keyword has a label, unless it is an empty one.
    demand(i == 0 || texts[i].empty() || together[i].count > 0);
  }
  KeywordExplainer explainer{rules, never};
  for (const auto& hidden : explainer.hidden_by()) demand(!hidden || *hidden < rules.rules.size());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view text{reinterpret_cast<const char*>(data), size};
  const std::size_t piece = size % 61 + 1;
  try {
    const auto rules = read_keyword_rules(
        [&](std::span<char> buffer) {
          const auto count = std::min({text.size(), piece, buffer.size()});
          std::copy_n(text.begin(), count, buffer.begin());
          text.remove_prefix(count);
          return count;
        },
        {.max_keywords = 64});
    check_matching(rules);
  } catch (const Failure& failure) {
    demand(failure.code() == MR_INVALID_ARGUMENT && !std::string_view{failure.what()}.empty());
  }
  return 0;
}
