#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace millrace::learn {

/// All beginnings of a set of words, by code point. A step from one to the next is one look into a
/// table of 8 bytes an entry, half empty at most. Numbers of nodes count up as words come. Reading
/// it: [any thread]
class WordTrie {
 public:
  using Node = std::uint32_t;
  static constexpr Node kRoot = 0;  // also: there is no such child
  static constexpr std::size_t kMostNodes = (std::size_t{1} << 21) - 1;

  WordTrie();
  /// Returns the node of `node`'s text and one code point more, or kRoot where no word begins so.
  [[nodiscard]] Node child(Node node, char32_t next) const {
    const std::uint64_t key = key_of(node, next);
    for (std::size_t slot = slot_of(key);; slot = (slot + 1) & (slots_.size() - 1)) {
      const std::uint64_t found = slots_[slot];
      if (found == 0) return kRoot;
      if (found >> kNodeBits == key) return static_cast<Node>(found & kMostNodes);
    }
  }
  /// The same, and makes it. Throws Failure with Exhausted at kMostNodes.
  Node grow(Node node, char32_t next);
  /// Nodes, with the root.
  [[nodiscard]] std::size_t size() const { return count_; }

 private:
  static constexpr unsigned kNodeBits = 21;  // as many as code points have

  static std::uint64_t key_of(Node node, char32_t next) {
    return (std::uint64_t{node} << kNodeBits) | next;
  }
  [[nodiscard]] std::size_t slot_of(std::uint64_t key) const {
    return (key * 0x9E3779B97F4A7C15U) >> shift_;  // Fibonacci hashing, Knuth 6.4
  }
  void put(std::uint64_t entry);

  std::vector<std::uint64_t> slots_;  // key and child; 0: empty
  unsigned shift_ = 0;
  std::size_t count_ = 1;
};

}  // namespace millrace::learn
