#include "plugins/label/keyword_matcher.hpp"

#include <utility>

namespace millrace::label {
namespace {

std::vector<std::int64_t> counts_of_every_text(const KeywordIndex& index) {
  std::vector<std::int64_t> counts(index.target_count());
  for (const auto label : index.always_starts()) ++counts[label];
  for (const auto label : index.always_ends()) ++counts[label];
  return counts;
}

}  // namespace

KeywordMatcher::KeywordMatcher(std::shared_ptr<const KeywordIndex> labels,
                               std::function<bool()> stopping)
    : index_{std::move(labels)},
      search_{index_, std::move(stopping)},
      counts_{counts_of_every_text(*index_)} {}

void KeywordMatcher::match(const Column<std::string_view>& texts, std::vector<Choice>& choices) {
  choices.clear();
  choices.reserve(static_cast<std::size_t>(texts.size()));
  for (std::int64_t row = 0; row < texts.size();) {
    row = block_.fill(texts, row);
    search_.run(block_, [&](std::size_t first, std::size_t behind, auto hits) {
      match_rows(first, behind, hits, choices);
    });
  }
}

void KeywordMatcher::match_rows(std::size_t first, std::size_t behind,
                                std::span<const KeywordHit> hits, std::vector<Choice>& choices) {
  const auto count_each = [this](std::span<const std::uint32_t> labels, std::size_t) {
    for (const auto label : labels) counts_.add(label);
  };
  auto hit = hits.begin();
  for (std::size_t row = first; row < behind; ++row) {
    if (block_.is_null(row)) {
      choices.emplace_back();
      continue;
    }
    for (; hit != hits.end() && hit->row == row; ++hit) counts_.add(hit->target);
    const auto text = block_.text(row);
    index_->starts().find(text, count_each);
    index_->ends().find(text, count_each);
    index_->equals().find(text, count_each);
    choices.push_back(counts_.take());
  }
}

}  // namespace millrace::label
