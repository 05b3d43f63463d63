#include "plugins/records/seen_set.hpp"

#include <utility>

namespace millrace::records {

std::size_t SeenSet::find(Hash hash) const {
  const std::size_t mask = places_.size() - 1;
  std::size_t place = static_cast<std::size_t>(hash.low) & mask;
  while (places_[place] != Hash{} && places_[place] != hash) place = (place + 1) & mask;
  return place;
}

void SeenSet::grow() {
  std::vector<Hash> old(places_.empty() ? 1024 : places_.size() * 2);
  std::swap(old, places_);
  for (const Hash& hash : old) {
    if (hash != Hash{}) places_[find(hash)] = hash;
  }
}

bool SeenSet::insert(Hash hash) {
  if (hash == Hash{}) {
    const bool is_new = !std::exchange(has_zero_, true);
    size_ += is_new ? 1 : 0;
    return is_new;
  }
  if (is_full()) grow();
  const std::size_t place = find(hash);
  if (places_[place] == hash) return false;
  places_[place] = hash;
  ++size_;
  return true;
}

// Closes the gap by moving back what was pushed on over it: Knuth, TAOCP 3, 6.4, algorithm R.
void SeenSet::erase(Hash hash) {
  --size_;
  if (hash == Hash{}) {
    has_zero_ = false;
    return;
  }
  const std::size_t mask = places_.size() - 1;
  std::size_t gap = find(hash);
  for (std::size_t place = (gap + 1) & mask; places_[place] != Hash{}; place = (place + 1) & mask) {
    const std::size_t home = static_cast<std::size_t>(places_[place].low) & mask;
    const bool belongs_behind_gap = ((place - home) & mask) < ((place - gap) & mask);
    if (belongs_behind_gap) continue;
    places_[gap] = places_[place];
    gap = place;
  }
  places_[gap] = Hash{};
}

void SeenSet::clear() { *this = SeenSet{}; }

}  // namespace millrace::records
