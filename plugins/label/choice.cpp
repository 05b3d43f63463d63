#include "plugins/label/choice.hpp"

namespace millrace::label {
namespace {

// Makes `best` the label if it is better: a larger count, or an equal one and listed earlier.
void prefer(Choice& best, std::int32_t label, std::int64_t count) {
  if (count > best.count || (count == best.count && count > 0 && label < best.label)) {
    best = {label, count};
  }
}

Choice best_of(const std::vector<std::int64_t>& counts) {
  Choice best;
  for (std::size_t label = 0; label < counts.size(); ++label) {
    prefer(best, static_cast<std::int32_t>(label), counts[label]);
  }
  return best;
}

}  // namespace

LabelCounts::LabelCounts(std::vector<std::int64_t> always)
    : always_{std::move(always)}, fallback_{best_of(always_)}, counts_{always_} {}

Choice LabelCounts::take_counted() {
  Choice best = fallback_;
  for (const auto label : counted_) {
    prefer(best, static_cast<std::int32_t>(label), counts_[label]);
    counts_[label] = always_[label];
  }
  counted_.clear();
  return best;
}

}  // namespace millrace::label
