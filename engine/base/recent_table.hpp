#pragma once

#include <cstddef>
#include <list>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace millrace {

/// Records by key, of which the least recently used goes when there would be too many. [one thread
/// at a time]
template <class Record>
class RecentTable {
 public:
  explicit RecentTable(std::size_t most) : most_{most} {}

  /// Returns the record, which counts as used now, or null. It stands until it is pushed out.
  Record* find(std::string_view key) {
    const auto place = places_.find(key);
    if (place == places_.end()) return nullptr;
    entries_.splice(entries_.begin(), entries_, place->second);
    return &place->second->second;
  }

  /// Returns the record, a new one where there was none.
  Record& get(const std::string& key) {
    if (auto* known = find(key)) return *known;
    if (entries_.size() >= most_) forget(entries_.back().first);
    entries_.emplace_front(key, Record{});
    places_.emplace(entries_.front().first, entries_.begin());
    return entries_.front().second;
  }

  /// The least recently used, as key and record, or null.
  const std::pair<std::string, Record>* oldest() const {
    return entries_.empty() ? nullptr : &entries_.back();
  }

  void forget(std::string_view key) {
    const auto place = places_.find(key);
    if (place == places_.end()) return;
    const auto entry = place->second;
    places_.erase(place);
    entries_.erase(entry);
  }

  void clear() {
    places_.clear();
    entries_.clear();
  }

 private:
  using Entries = std::list<std::pair<std::string, Record>>;

  const std::size_t most_;
  Entries entries_;  // most recently used first
  std::unordered_map<std::string_view, typename Entries::iterator> places_;  // key of the entry
};

}  // namespace millrace
