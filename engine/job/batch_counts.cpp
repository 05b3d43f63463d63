#include "engine/job/batch_counts.hpp"

#include <functional>

namespace millrace {

void BatchCounts::add(std::int64_t sequence, std::string_view counter, std::int64_t by) {
  auto found = sums_.find(counter);
  if (found == sums_.end()) found = sums_.emplace(std::string{counter}, BatchSum{}).first;
  found->second.add(by, sequence > mark_);
}

void BatchCounts::mark(std::int64_t sequence) {
  mark_ = sequence;
  for (auto& [name, sum] : sums_) sum.mark();
}

std::map<std::string, std::int64_t> BatchCounts::totals() const {
  std::map<std::string, std::int64_t> totals;
  for (const auto& [name, sum] : sums_) totals.emplace_hint(totals.end(), name, sum.total());
  return totals;
}

std::map<std::string, std::int64_t> BatchCounts::up_to_mark() const {
  std::map<std::string, std::int64_t> settled;
  for (const auto& [name, sum] : sums_) {
    if (sum.settled != 0) settled.emplace_hint(settled.end(), name, sum.settled);
  }
  return settled;
}

void BatchCounts::restore(const Json& sums, std::int64_t sequence) {
  mark_ = sequence;
  for (const auto& [name, sum] : sums.items()) {
    if (sum.is_number_integer()) sums_[name].settled = sum.get<std::int64_t>();
  }
}

}  // namespace millrace
