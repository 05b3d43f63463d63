#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "plugins/learn/character_model.hpp"
#include "plugins/learn/dictionary.hpp"

namespace millrace::learn {

/// What texts are cut into words by. Immutable, and large (20 MB): it is shared.
struct WordTables {
  Dictionary dictionary;
  CharacterModel characters;
};

/// Cuts texts into the words that jieba 0.42 gives, token for token; the tokens of a text joined
/// are the text in Accurate mode. Keeps memory that it uses again, one text at a time. [one thread]
class Segmenter {
 public:
  enum class Mode {
    Full,     // jieba.cut(text, cut_all=True): every word of the dictionary, also overlapping ones
    Accurate  // jieba.cut(text): the most likely cut, unknown words by the character model
  };
  /// Takes a token, which lives until the call returns. Tokens of Full may be empty.
  using Take = std::function<void(std::string_view)>;

  /// The tables are shared with other segmenters.
  explicit Segmenter(std::shared_ptr<const WordTables> tables) : tables_{std::move(tables)} {}
  /// Takes linear time, but for words of the dictionary that are each other's beginnings.
  void cut(std::string_view text, Mode mode, const Take& take);

 private:
  void decode(std::string_view block);
  [[nodiscard]] std::string_view slice(std::size_t begin, std::size_t end) const;
  void cut_full(const Take& take);
  void cut_accurate(const Take& take);
  void take_unknown(std::size_t begin, std::size_t end, const Take& take);
  void take_placed(std::size_t begin, std::size_t end, const Take& take);
  void take_other(std::size_t begin, std::size_t end, const Take& take);
  void release();

  std::shared_ptr<const WordTables> tables_;
  // Of the block at hand, by character, with one behind the end.
  std::string_view block_;
  std::vector<char32_t> characters_;
  std::vector<std::uint32_t> offsets_;  // in bytes
  std::vector<double> likely_;          // log probability of the best cut from here to the end
  std::vector<std::uint32_t> ends_;     // of the best word from here
  std::vector<std::uint8_t> from_;
  std::vector<Place> places_;
  std::string english_;
};

}  // namespace millrace::learn
