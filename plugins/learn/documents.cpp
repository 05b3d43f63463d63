#include "plugins/learn/documents.hpp"

#include <array>
#include <utility>

#include <millrace/context.hpp>

#include "plugins/learn/utf8.hpp"

namespace millrace::learn {

namespace {

constexpr std::array<std::string_view, 4> kWordNames{"accurate", "full", "characters", "spaces"};

}  // namespace

std::string_view to_string(Words words) { return kWordNames[static_cast<std::size_t>(words)]; }

Words words_of(std::string_view text) {
  for (std::size_t i = 0; i < kWordNames.size(); ++i) {
    if (kWordNames[i] == text) return static_cast<Words>(i);
  }
  throw Failure{MR_DATA_INVALID, "words are accurate, full, characters or spaces: " +
                                     std::string{text.substr(0, 64)}};
}

DocumentMaker::DocumentMaker(Words words, std::shared_ptr<const WordTables> tables)
    : words_{words}, segmenter_{std::move(tables)} {}

std::string_view DocumentMaker::document(std::string_view text) {
  if (words_ == Words::Spaces) return text;
  document_.clear();
  bool is_first = true;
  const auto add = [&](std::string_view word) {
    if (!std::exchange(is_first, false)) document_ += ' ';
    document_ += word;
  };
  if (words_ == Words::Characters) {
    for (std::size_t at = 0; at < text.size();) {
      const auto begin = at;
      next_code_point(text, at);
      add(text.substr(begin, at - begin));
    }
  } else {
    segmenter_.cut(text, words_ == Words::Full ? Segmenter::Mode::Full : Segmenter::Mode::Accurate,
                   add);
  }
  return document_;
}

}  // namespace millrace::learn
