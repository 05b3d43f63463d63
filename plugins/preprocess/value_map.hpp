#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "plugins/preprocess/text_hash.hpp"

namespace millrace::preprocess {

/// What whole texts map to. Reading: [any thread]
class ValueMap {
 public:
  static constexpr std::size_t kMostValues = 1'000'000;

  /// Throws Failure: InvalidArgument when the value maps to something else already, Exhausted over
  /// kMostValues.
  void add(std::string_view value, std::string_view target);
  /// Adds a value, or all values of a range "WH_F0002..WH_F0005": both ends, one beginning, and
  /// numbers at the end, of as many digits or without zeros in front. Throws Failure also with
  /// InvalidArgument for another text that has "..".
  void add_range(std::string_view item, std::string_view target);

  /// Returns what a value maps to, if anything. The view lives as long as the map.
  [[nodiscard]] std::optional<std::string_view> find(std::string_view value) const;
  /// Each once, in the order in which they came.
  [[nodiscard]] const std::vector<std::string>& targets() const { return targets_; }
  [[nodiscard]] std::size_t size() const { return values_.size(); }

 private:
  std::vector<std::string> targets_;
  TextMap<std::uint32_t> numbers_;  // of the targets
  TextMap<std::uint32_t> values_;   // value -> number of its target
};

}  // namespace millrace::preprocess
