#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace millrace {

/// Finds nodes by name: an open-addressing table of places and parts of hashes, one allocation for
/// any number of names. Keeps views, so the names must outlive it. [one thread]
class NameIndex {
 public:
  static constexpr std::uint32_t kNone = ~std::uint32_t{0};

  explicit NameIndex(std::size_t names);

  /// Adds a name; returns the place of the node that has it already, or kNone.
  std::uint32_t add(std::string_view name, std::uint32_t place);
  /// Returns the place of the node of that name, or kNone.
  [[nodiscard]] std::uint32_t find(std::string_view name) const;
  /// All names, in the order added.
  [[nodiscard]] const std::vector<std::string_view>& names() const { return names_; }

 private:
  struct Slot {
    std::uint32_t tag = 0;        // upper half of the hash
    std::uint32_t entry = kNone;  // place in names_ and places_
  };
  [[nodiscard]] std::size_t slot_of(std::string_view name, std::uint64_t hash) const;

  std::vector<Slot> slots_;  // a power of two, at most half full
  std::vector<std::string_view> names_;
  std::vector<std::uint32_t> places_;
};

}  // namespace millrace
