#include "plugins/preprocess/distinct_counter.hpp"

#include <array>
#include <cstring>
#include <xxhash.h>

#include "plugins/preprocess/state_words.hpp"

namespace millrace::preprocess {
namespace {

using Hash = records::SeenSet::Hash;

constexpr std::uint64_t kHashesBetweenStops = 65'536;  // hashes between two looks at stopping()

// A hash with its group, as the key of a sort whose order means nothing.
struct HashKey {
  std::array<char, sizeof(std::uint32_t) + 2 * sizeof(std::uint64_t)> bytes;

  HashKey(std::uint32_t group, const Hash& hash) {
    std::memcpy(bytes.data(), &group, sizeof group);
    std::memcpy(bytes.data() + sizeof group, &hash.high, sizeof hash.high);
    std::memcpy(bytes.data() + sizeof group + sizeof hash.high, &hash.low, sizeof hash.low);
  }
  [[nodiscard]] std::string_view text() const { return {bytes.data(), bytes.size()}; }
};

std::uint32_t group_of_key(std::string_view key) {
  std::uint32_t group = 0;
  if (key.size() != sizeof(HashKey::bytes))
    throw Failure{MR_DATA_INVALID, "a hash on the disk is not readable"};
  std::memcpy(&group, key.data(), sizeof group);
  return group;
}

}  // namespace

DistinctCounter::DistinctCounter(std::size_t memory_bytes, std::uint64_t secret)
    : memory_bytes_{memory_bytes},
      secret_{secret},
      hashes_{"hashes", {.memory_bytes = memory_bytes / 2}} {}

std::uint32_t DistinctCounter::add_row(std::optional<std::string_view> group) {
  std::optional<std::uint32_t> number = nameless_;
  if (group) number = find_group(*group);
  if (!number) {
    if (groups_.size() == kMostGroups) {
      throw Failure{MR_EXHAUSTED, "rows have more than " + std::to_string(kMostGroups) +
                                      " groups: is `group` the right column?"};
    }
    number = static_cast<std::uint32_t>(groups_.size());
    if (group) {
      numbers_.emplace(*group, *number);
      groups_.push_back({std::string{*group}});
    } else {
      nameless_ = number;
      groups_.push_back({});
    }
  }
  ++groups_[*number].rows;
  return *number;
}

// Most rows are of a few groups, whose names are compared faster than they are hashed.
std::optional<std::uint32_t> DistinctCounter::find_group(std::string_view name) {
  const auto letter = [](char one) { return static_cast<unsigned char>(one); };
  const std::size_t look =
      name.empty() ? 0 : name.size() + std::size_t{7} * letter(name.front()) + letter(name.back());
  std::uint32_t& recent = recent_[look % recent_.size()];
  if (recent < groups_.size() && groups_[recent].name == name) return recent;
  const auto known = numbers_.find(name);
  if (known == numbers_.end()) return {};
  return recent = known->second;
}

Hash DistinctCounter::hash(std::uint32_t group, std::string_view text) const {
  // A seed for each group: a text of two groups has two hashes.
  constexpr std::uint64_t kOdd = 0x9E3779B97F4A7C15;
  const auto hash = XXH3_128bits_withSeed(text.data(), text.size(), secret_ + group * kOdd);
  return {hash.high64, hash.low64};
}

void DistinctCounter::add(Context& context, std::uint32_t group, Hash hash) {
  // Growing takes three times what the set has; half is for the sort.
  if (seen_.is_full() && 3 * seen_.size_bytes() > memory_bytes_ / 2) {
    seen_.clear();
    has_seen_all_ = false;
  }
  if (!seen_.insert(hash)) return;
  hashes_.add(context, HashKey{group, hash}.text(), {});
  ++groups_[group].distinct;
}

const std::vector<DistinctCounter::Group>& DistinctCounter::finish(Context& context) {
  seen_.clear();
  if (has_seen_all_ || is_finished_) return groups_;
  for (Group& group : groups_) group.distinct = 0;
  std::string last;
  std::uint64_t done = 0;
  for (ExternalSort::Item item; hashes_.next(context, item);) {
    if (++done % kHashesBetweenStops == 0 && context.stopping())
      throw Failure{MR_CANCELLED, "stopped while counting"};
    if (item.key == last) continue;
    last = item.key;
    const auto group = group_of_key(item.key);
    if (group >= groups_.size())
      throw Failure{MR_DATA_INVALID, "a hash on the disk is of no group"};
    ++groups_[group].distinct;
  }
  is_finished_ = true;
  return groups_;
}

std::string DistinctCounter::snapshot(Context& context) {
  std::string state;
  append_word(state, static_cast<std::int64_t>(secret_));
  append_word(state, static_cast<std::int64_t>(groups_.size()));
  for (const Group& group : groups_) {
    append_word(state, group.rows);
    append_word(state, group.name ? 1 : 0);
    append_word(state, group.name ? std::string_view{*group.name} : std::string_view{});
  }
  append_word(state, hashes_.snapshot(context));
  return state;
}

void DistinctCounter::restore(Context& context, std::string_view& state) {
  secret_ = static_cast<std::uint64_t>(take_number(state));
  for (auto groups = take_number(state); groups > 0; --groups) {
    const auto rows = take_number(state);
    const bool has_name = take_number(state) != 0;
    const auto name = take_text(state);
    const auto number = add_row(has_name ? std::optional<std::string_view>{name} : std::nullopt);
    if (number + 1 != groups_.size() || rows < 0)
      throw Failure{MR_DATA_INVALID, "the checkpoint of a count is not readable"};
    groups_[number].rows = rows;
  }
  hashes_.restore(context, take_text(state));
  has_seen_all_ = hashes_.size() == 0;
}

}  // namespace millrace::preprocess
