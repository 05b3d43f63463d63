#include "plugins/tables/group_numbers.hpp"

#include <xxhash.h>

#include <millrace/context.hpp>

namespace millrace::tables {

std::size_t GroupNumbers::Hash::operator()(std::string_view key) const {
  return XXH3_64bits_withSeed(key.data(), key.size(), secret);
}

std::uint32_t GroupNumbers::number_of(std::string_view key) {
  if (const auto known = numbers_.find(key); known != numbers_.end()) return known->second;
  if (keys_.size() == kMostGroups) {
    throw Failure{MR_EXHAUSTED, "rows have more than " + std::to_string(kMostGroups) +
                                    " groups: are those of `group_by` the right columns?"};
  }
  const auto number = static_cast<std::uint32_t>(keys_.size());
  const auto [added, is_new] = numbers_.emplace(key, number);
  keys_.push_back(&added->first);
  // A node of the map with the hash and a pointer to it, its bucket, and the pointer of keys_.
  bytes_ += sizeof *added + 4 * sizeof(void*) + added->first.capacity();
  return number;
}

}  // namespace millrace::tables
