#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <millrace/external_sort.hpp>

#include "plugins/preprocess/text_hash.hpp"
#include "plugins/records/seen_set.hpp"

namespace millrace::preprocess {

/// Counts distinct texts by group, exactly but for what two texts of one 128-bit hash (XXH3) would
/// hide. Hashes are sorted in scratch of the job; a set in memory passes over those that came
/// already, and when it alone has seen all, nothing need be merged. [one thread at a time]
class DistinctCounter {
 public:
  static constexpr std::size_t kMostGroups = 100'000;

  /// `secret` is one of hash_secret(): whoever makes texts cannot make their hashes meet.
  DistinctCounter(std::size_t memory_bytes, std::uint64_t secret);

  /// Returns the number of a group, and counts a row of it. More than kMostGroups are a Failure
  /// with Exhausted.
  std::uint32_t add_row(std::optional<std::string_view> group);
  [[nodiscard]] records::SeenSet::Hash hash(std::uint32_t group, std::string_view text) const;
  /// Tells of a hash that is added soon.
  void expect(records::SeenSet::Hash hash) const { seen_.prefetch(hash); }
  void add(Context& context, std::uint32_t group, records::SeenSet::Hash hash);

  struct Group {
    std::optional<std::string> name;
    std::int64_t rows = 0, distinct = 0;
  };
  /// Ends the adding. Returns the groups in the order in which they came.
  const std::vector<Group>& finish(Context& context);

  /// Words (state_words.hpp). What is in memory goes to scratch first.
  [[nodiscard]] std::string snapshot(Context& context);
  /// Before the first row; takes its words off the front. Throws Failure with DataInvalid.
  void restore(Context& context, std::string_view& state);

 private:
  std::optional<std::uint32_t> find_group(std::string_view name);

  std::size_t memory_bytes_;
  std::uint64_t secret_;
  std::vector<Group> groups_;
  TextMap<std::uint32_t> numbers_;  // of the groups with a name
  std::optional<std::uint32_t> nameless_;
  std::array<std::uint32_t, 64> recent_{};  // a group that was asked for, by a look at its name
  records::SeenSet seen_;
  bool has_seen_all_ = true;  // so that Group::distinct counts
  bool is_finished_ = false;
  ExternalSort hashes_;
};

}  // namespace millrace::preprocess
