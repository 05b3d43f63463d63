#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "plugins/learn/segmenter.hpp"

namespace millrace::learn {

/// What the words of a text are.
enum class Words {
  Accurate,    // jieba's accurate mode
  Full,        // jieba's full mode
  Characters,  // each character
  Spaces       // what stands there
};

/// Returns "accurate", "full", "characters" or "spaces".
std::string_view to_string(Words words);
/// Throws Failure with DataInvalid for another word.
Words words_of(std::string_view text);
/// Whether such words need the tables of a dictionary.
constexpr bool needs_tables(Words words) {
  return words == Words::Accurate || words == Words::Full;
}

/// Makes texts into documents: their words with spaces between. Keeps memory that it uses again.
/// [one thread]
class DocumentMaker {
 public:
  /// `tables` are shared with others; may be absent where they are not needed.
  DocumentMaker(Words words, std::shared_ptr<const WordTables> tables);
  /// The document lives until the next call.
  std::string_view document(std::string_view text);

 private:
  Words words_;
  Segmenter segmenter_;
  std::string document_;
};

}  // namespace millrace::learn
