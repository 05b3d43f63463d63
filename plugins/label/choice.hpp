#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace millrace::label {

/// What a rule set makes of one text: the label with the largest count, of equal ones the first of
/// the rule set.
struct Choice {
  static constexpr std::int32_t kNone = -1;
  std::int32_t label = kNone;  // its place in the rule set
  std::int64_t count = 0;      // 0: no label
  bool operator==(const Choice&) const = default;
};

/// Counts for the labels of a rule set, text by text. A text costs as much as the labels that it
/// counts for, however many there are. [one thread]
class LabelCounts {
 public:
  /// `always` is what each label has in every text, and says how many labels there are.
  explicit LabelCounts(std::vector<std::int64_t> always);

  /// Adds to the count of a label in the current text.
  void add(std::uint32_t label, std::int64_t by = 1) {
    if (counts_[label] == always_[label]) counted_.push_back(label);
    counts_[label] += by;
  }
  /// Returns the choice for the current text, and begins the next one.
  Choice take() { return counted_.empty() ? fallback_ : take_counted(); }

 private:
  Choice take_counted();

  const std::vector<std::int64_t> always_;
  const Choice fallback_;  // where nothing is added
  std::vector<std::int64_t> counts_;
  std::vector<std::uint32_t> counted_;  // labels to which something was added
};

}  // namespace millrace::label
