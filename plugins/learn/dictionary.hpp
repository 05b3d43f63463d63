#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "plugins/learn/word_trie.hpp"

namespace millrace::learn {

/// The words of a jieba dictionary with their log probabilities. Immutable. [any thread]
class Dictionary {
 public:
  static constexpr std::size_t kMostBytes = std::size_t{64} << 20;
  static constexpr std::size_t kMostWordCodePoints = 64;  // Debian's longest word has 16
  static constexpr double kNoWord = 1;                    // weights of words are 0 or less

  /// Reads lines "word frequency[ tag]" in UTF-8; of a word that comes twice the last line counts,
  /// the total has both. Throws Failure with DataInvalid that names the line, or Exhausted.
  static Dictionary read(std::string_view text);

  [[nodiscard]] const WordTrie& beginnings() const { return beginnings_; }
  /// Returns ln(frequency / total) of a node that is a word, else kNoWord.
  [[nodiscard]] double weight(WordTrie::Node node) const { return weights_[node]; }
  /// Returns ln(1 / total), what one code point weighs that is no word.
  [[nodiscard]] double unknown_weight() const { return unknown_weight_; }

 private:
  WordTrie beginnings_;
  std::vector<double> weights_;  // by node
  double unknown_weight_ = 0;
};

}  // namespace millrace::learn
