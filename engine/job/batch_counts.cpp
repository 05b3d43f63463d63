#include "engine/job/batch_counts.hpp"

#include <iterator>

#include "engine/job/sequence_window.hpp"

namespace millrace {

void BatchCounts::add(std::int64_t sequence, std::string_view counter, std::int64_t by) {
  std::string name{counter};
  Sums& sums = open_[sequence];
  const auto found = sums.find(counter);
  if (found == sums.end()) {
    sums.emplace(name, by);
  } else {
    found->second += by;
  }
  totals_[std::move(name)] += by;
  // The newest batch is the last that is no tail.
  auto newest = std::prev(open_.end());
  while (newest != open_.begin() && is_tail(newest->first)) --newest;
  if (!is_tail(newest->first)) settle(newest->first - kSequenceWindow);
}

void BatchCounts::settle(std::int64_t sequence) {
  while (!open_.empty() && open_.begin()->first <= sequence) {
    for (const auto& [name, sum] : open_.begin()->second) settled_[name] += sum;
    open_.erase(open_.begin());
  }
}

std::map<std::string, std::int64_t> BatchCounts::up_to(std::int64_t sequence) {
  settle(sequence);
  return settled_;
}

void BatchCounts::restore(const Json& sums) {
  for (const auto& [name, sum] : sums.items()) {
    if (!sum.is_number_integer()) continue;
    settled_[name] = sum.get<std::int64_t>();
    totals_[name] = settled_[name];
  }
}

}  // namespace millrace
