#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace millrace::tables {

/// Numbers the groups of rows by their keys, in the order in which they come. [one thread at a
/// time]
class GroupNumbers {
 public:
  static constexpr std::size_t kMostGroups = 1'000'000;

  /// `secret` is one of hash_secret(): whoever makes keys cannot make their hashes meet.
  explicit GroupNumbers(std::uint64_t secret) : numbers_{0, Hash{secret}} {}

  /// Returns the number of a key's group, from 0. More than kMostGroups are a Failure with
  /// Exhausted.
  std::uint32_t number_of(std::string_view key);
  [[nodiscard]] std::size_t size() const { return keys_.size(); }
  [[nodiscard]] std::string_view key(std::size_t group) const { return *keys_[group]; }
  /// Memory that the keys take.
  [[nodiscard]] std::size_t size_bytes() const { return bytes_; }

 private:
  struct Hash {
    using is_transparent = void;
    std::uint64_t secret;
    std::size_t operator()(std::string_view key) const;
  };

  std::unordered_map<std::string, std::uint32_t, Hash, std::equal_to<>> numbers_;
  std::vector<const std::string*> keys_;  // by number
  std::size_t bytes_ = 0;
};

}  // namespace millrace::tables
