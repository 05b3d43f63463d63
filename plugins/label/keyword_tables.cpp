#include "plugins/label/keyword_tables.hpp"

#include <algorithm>

namespace millrace::label {
namespace {

KeywordTargets backwards(const KeywordTargets& keywords) {
  KeywordTargets turned;
  for (const auto& [keyword, targets] : keywords) {
    turned.emplace(std::string{keyword.rbegin(), keyword.rend()}, targets);
  }
  return turned;
}

}  // namespace

StartTable::StartTable(const KeywordTargets& keywords) {
  std::vector<std::uint32_t> beginnings;  // entries that the current keyword begins with
  for (const auto& [keyword, targets] : keywords) {
    if (keyword.empty()) continue;
    while (!beginnings.empty() && !keyword.starts_with(entries_[beginnings.back()].keyword)) {
      beginnings.pop_back();
    }
    const auto number = static_cast<std::uint32_t>(entries_.size());
    entries_.push_back({keyword, targets, beginnings.empty() ? kNone : beginnings.back()});
    beginnings.push_back(number);
    if (keyword.size() > 1) {
      beginnings_.set(pair(keyword[0], keyword[1]));
    } else {
      for (int second = 0; second < 256; ++second) {
        beginnings_.set(pair(keyword[0], static_cast<char>(second)));
      }
    }
    longest_bytes_ = std::max(longest_bytes_, keyword.size());
  }
}

// A keyword K that `text` begins with is not behind it, and whatever lies between the two begins
// with K as well: so does the entry before `text`.
std::uint32_t StartTable::longest(std::string_view text) const {
  const auto behind = std::upper_bound(
      entries_.begin(), entries_.end(), text,
      [](std::string_view wanted, const Entry& entry) { return wanted < entry.keyword; });
  if (behind == entries_.begin()) return kNone;
  auto entry = static_cast<std::uint32_t>(behind - entries_.begin() - 1);
  while (entry != kNone && !text.starts_with(entries_[entry].keyword)) {
    entry = entries_[entry].shorter;
  }
  return entry;
}

EndTable::EndTable(const KeywordTargets& keywords) : table_{backwards(keywords)} {}

EqualTable::EqualTable(const KeywordTargets& keywords)
    : keywords_{keywords.begin(), keywords.end()} {
  for (const auto& [keyword, targets] : keywords) {
    sizes_.set(std::min(keyword.size(), sizes_.size() - 1));
  }
}

}  // namespace millrace::label
