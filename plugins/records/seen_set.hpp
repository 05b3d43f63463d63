#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace millrace::records {

/// A set of 128-bit hashes in open addressing: 16 bytes a place, at most three quarters full. [one
/// thread at a time]
class SeenSet {
 public:
  struct Hash {
    std::uint64_t high = 0, low = 0;
    bool operator==(const Hash&) const = default;
  };

  /// Brings the place of a hash that is inserted soon into the cache: of a large set it is a wait.
  void prefetch(Hash hash) const {
    if (!places_.empty()) __builtin_prefetch(&places_[hash.low & (places_.size() - 1)]);
  }
  /// Returns false when it was there before.
  bool insert(Hash hash);
  /// Takes out a hash that is there.
  void erase(Hash hash);
  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] std::size_t size_bytes() const { return places_.size() * sizeof(Hash); }
  /// The next new hash makes it grow to twice its bytes, and needs both for a moment.
  [[nodiscard]] bool is_full() const { return (size_ + 1) * 4 > places_.size() * 3; }
  void clear();

  template <class Function>
  void for_each(Function function) const {
    if (has_zero_) function(Hash{});
    for (const Hash& hash : places_) {
      if (hash != Hash{}) function(hash);
    }
  }

 private:
  [[nodiscard]] std::size_t find(Hash hash) const;  // its place, or the free one where it belongs
  void grow();

  std::vector<Hash> places_;  // a power of two; zero is free
  std::size_t size_ = 0;
  bool has_zero_ = false;
};

}  // namespace millrace::records
