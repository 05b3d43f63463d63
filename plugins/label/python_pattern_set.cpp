#include "plugins/label/python_pattern_set.hpp"

#include <algorithm>
#include <utility>

namespace millrace::label {

CodeSet::CodeSet(std::vector<CodeRange> ranges) {
  std::sort(ranges.begin(), ranges.end());
  for (const auto& range : ranges) {
    if (!ranges_.empty() && range.first <= ranges_.back().last + 1) {
      ranges_.back().last = std::max(ranges_.back().last, range.last);
    } else {
      ranges_.push_back(range);
    }
  }
}

const CodeSet& CodeSet::all() {
  static const CodeSet everything{{{0, kLastCodePoint}}};
  return everything;
}

bool CodeSet::has(std::uint32_t code) const {
  const auto found = std::partition_point(
      ranges_.begin(), ranges_.end(), [&](const CodeRange& range) { return range.last < code; });
  return found != ranges_.end() && found->first <= code;
}

bool CodeSet::has_all(const CodeSet& other) const {
  auto mine = ranges_.begin();
  for (const auto& range : other.ranges_) {
    while (mine != ranges_.end() && mine->last < range.first) ++mine;
    if (mine == ranges_.end() || mine->first > range.first || mine->last < range.last) return false;
  }
  return true;
}

CodeSet CodeSet::complement() const {
  CodeSet result;
  std::uint32_t next = 0;
  for (const auto& range : ranges_) {
    if (range.first > next) result.ranges_.push_back({next, range.first - 1});
    next = range.last + 1;
  }
  if (next <= kLastCodePoint) result.ranges_.push_back({next, kLastCodePoint});
  return result;
}

CodeSet CodeSet::with(const CodeSet& other) const {
  std::vector<CodeRange> both{ranges_};
  both.insert(both.end(), other.ranges_.begin(), other.ranges_.end());
  return CodeSet{std::move(both)};
}

CodeSet CodeSet::without(const CodeSet& other) const {
  return complement().with(other).complement();
}

}  // namespace millrace::label
