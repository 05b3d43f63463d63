#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "plugins/learn/word_trie.hpp"

namespace millrace::learn {

/// Counts how often each of many terms occurs in a text, without overlaps of a term with itself, as
/// Python's str.count() does for each: one pass (Aho and Corasick, 1975), whatever their number.
/// Immutable but for add(). [any thread]
class TermCounter {
 public:
  static constexpr std::size_t kMostTermBytes = 4096;

  /// A term that occurs, by its number, and how often.
  using Count = std::pair<std::uint32_t, std::int64_t>;
  /// Memory of one thread, used again by each text.
  struct Scratch {
    std::vector<Count> counts;
    std::vector<std::uint32_t> places;  // by term: 1 + its place in counts
    std::vector<std::uint64_t> free;    // by term: where its next occurrence may begin
  };

  /// Takes terms, each once; their numbers are their places. Throws Failure with DataInvalid for an
  /// empty or too long one, Exhausted for too many.
  explicit TermCounter(const std::vector<std::string>& terms);

  /// Returns the terms that occur in the text, by first end, in scratch.counts.
  const std::vector<Count>& count(std::string_view text, Scratch& scratch) const;
  [[nodiscard]] std::size_t terms() const { return lengths_.size(); }

 private:
  using Node = WordTrie::Node;
  static constexpr std::uint32_t kNoTerm = ~std::uint32_t{0};

  void link(const std::vector<std::pair<Node, char32_t>>& parents);

  WordTrie trie_;
  std::vector<Node> fall_backs_;        // the longest proper end of a node's text that is a node
  std::vector<Node> shorter_;           // the nearest fall-back that is a term, or the root
  std::vector<std::uint32_t> terms_;    // by node
  std::vector<std::uint32_t> lengths_;  // by term, in code points
};

}  // namespace millrace::learn
