#include "plugins/learn/segmenter.hpp"

#include <array>
#include <utility>

#include "plugins/learn/utf8.hpp"

namespace millrace::learn {

namespace {

// [a-zA-Z0-9], jieba's re_eng.
constexpr bool is_english(char32_t c) {
  return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

// [\u4E00-\u9FD5a-zA-Z0-9+#&\._%\-], jieba's re_han_default: what the dictionary is asked about.
constexpr bool is_cut(char32_t c) {
  return CharacterModel::knows(c) || is_english(c) || c == '+' || c == '#' || c == '&' ||
         c == '.' || c == '_' || c == '%' || c == '-';
}

// Python's str.isspace(), which is \s.
constexpr bool is_space(char32_t c) {
  return (c >= 0x09 && c <= 0x0D) || (c >= 0x1C && c <= 0x20) || c == 0x85 || c == 0xA0 ||
         c == 0x1680 || (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 || c == 0x202F ||
         c == 0x205F || c == 0x3000;
}

// Text between blocks. Full gives what stands between blanks as one token, also where it is empty.
void take_between(std::string_view text, Segmenter::Mode mode, const Segmenter::Take& take) {
  const bool is_full = mode == Segmenter::Mode::Full;
  std::size_t begin = 0;
  for (std::size_t at = 0; at < text.size();) {
    const auto here = at;
    const bool is_blank = is_space(next_code_point(text, at));
    if (is_blank && text[here] == '\r' && at < text.size() && text[at] == '\n') ++at;
    if (is_blank && is_full) take(text.substr(begin, here - begin));
    if (is_blank || !is_full) take(text.substr(here, at - here));
    if (is_blank) begin = at;
  }
  if (is_full) take(text.substr(begin));
}

}  // namespace

void Segmenter::cut(std::string_view text, Mode mode, const Take& take) {
  for (std::size_t at = 0; at < text.size();) {
    const auto begin = at;
    const bool is_block = is_cut(next_code_point(text, at));
    for (auto next = at; next < text.size(); at = next) {
      if (is_cut(next_code_point(text, next)) != is_block) break;
    }
    const auto part = text.substr(begin, at - begin);
    if (!is_block) {
      take_between(part, mode, take);
      continue;
    }
    decode(part);
    mode == Mode::Full ? cut_full(take) : cut_accurate(take);
  }
  release();
}

void Segmenter::decode(std::string_view block) {
  block_ = block;
  characters_.clear();
  offsets_.clear();
  for (std::size_t at = 0; at < block.size();) {
    offsets_.push_back(static_cast<std::uint32_t>(at));
    characters_.push_back(next_code_point(block, at));
  }
  offsets_.push_back(static_cast<std::uint32_t>(block.size()));
}

std::string_view Segmenter::slice(std::size_t begin, std::size_t end) const {
  return block_.substr(offsets_[begin], offsets_[end] - offsets_[begin]);
}

void Segmenter::cut_full(const Take& take) {
  const auto& words = tables_->dictionary;
  const auto count = characters_.size();
  // English text that is not given yet. Where words were given in its midst it is gathered apart.
  bool is_gathering = false, is_apart = false;
  std::size_t english_begin = 0, english_end = 0;
  const auto give_english = [&] {
    take(is_apart ? std::string_view{english_} : slice(english_begin, english_end));
    is_gathering = is_apart = false;
  };
  std::size_t covered = 0;  // end of what was given
  for (std::size_t k = 0; k < count; ++k) {
    if (is_gathering && !is_english(characters_[k])) give_english();
    std::array<std::size_t, Dictionary::kMostWordCodePoints> ends;
    std::size_t found = 0;
    auto node = WordTrie::kRoot;
    for (auto i = k; i < count; ++i) {
      node = words.beginnings().child(node, characters_[i]);
      if (node == WordTrie::kRoot) break;
      if (words.weight(node) <= 0) ends[found++] = i + 1;
    }
    if (found == 0) ends[found++] = k + 1;
    if (found == 1 && k >= covered) {
      if (!is_english(characters_[k])) {
        take(slice(k, ends[0]));
      } else if (!is_gathering) {
        is_gathering = true;
        english_begin = k;
        english_end = ends[0];
      } else if (!is_apart && english_end == k) {
        english_end = ends[0];
      } else {
        if (!is_apart) english_ = slice(english_begin, english_end);
        is_apart = true;
        english_ += slice(k, ends[0]);
      }
      covered = ends[0];
      continue;
    }
    for (std::size_t i = 0; i < found; ++i) {
      if (ends[i] == k + 1) continue;
      take(slice(k, ends[i]));
      covered = ends[i];
    }
  }
  if (is_gathering) give_english();
}

void Segmenter::cut_accurate(const Take& take) {
  const auto& words = tables_->dictionary;
  const auto count = characters_.size();
  likely_.resize(count + 1);
  ends_.resize(count);
  likely_[count] = 0;
  for (auto k = count; k-- > 0;) {
    double best = words.unknown_weight() + likely_[k + 1];
    auto best_end = k + 1;
    bool is_found = false;
    auto node = WordTrie::kRoot;
    for (auto i = k; i < count; ++i) {
      node = words.beginnings().child(node, characters_[i]);
      if (node == WordTrie::kRoot) break;
      const double weight = words.weight(node);
      if (weight > 0) continue;
      const double likely = weight + likely_[i + 1];
      if (is_found && likely < best) continue;  // of equal ones the longer word
      is_found = true;
      best = likely;
      best_end = i + 1;
    }
    likely_[k] = best;
    ends_[k] = static_cast<std::uint32_t>(best_end);
  }
  std::size_t begin = 0;  // of single characters that are not given yet
  for (std::size_t k = 0; k < count;) {
    const auto end = ends_[k];
    if (end != k + 1) {
      take_unknown(begin, k, take);
      take(slice(k, end));
      begin = end;
    }
    k = end;
  }
  take_unknown(begin, count, take);
}

// Single characters in a row: a word that is not in the dictionary, perhaps.
void Segmenter::take_unknown(std::size_t begin, std::size_t end, const Take& take) {
  if (begin == end) return;
  if (end - begin == 1) return take(slice(begin, end));
  const auto& words = tables_->dictionary;
  auto node = WordTrie::kRoot;
  for (auto i = begin; i < end; ++i) {
    node = words.beginnings().child(node, characters_[i]);
    if (node == WordTrie::kRoot) break;
  }
  if (node != WordTrie::kRoot && words.weight(node) <= 0) {
    for (auto i = begin; i < end; ++i) take(slice(i, i + 1));
    return;
  }
  for (auto i = begin; i < end;) {
    const bool is_chinese = CharacterModel::knows(characters_[i]);
    const auto from = i;
    while (i < end && CharacterModel::knows(characters_[i]) == is_chinese) ++i;
    is_chinese ? take_placed(from, i, take) : take_other(from, i, take);
  }
}

void Segmenter::take_placed(std::size_t begin, std::size_t end, const Take& take) {
  tables_->characters.place(characters_.data() + begin, end - begin, from_, places_);
  auto word = begin, given = begin;
  for (auto i = begin; i < end; ++i) {
    switch (places_[i - begin]) {
      case Place::Begin:
        word = i;
        break;
      case Place::End:
        take(slice(word, i + 1));
        given = i + 1;
        break;
      case Place::Single:
        take(slice(i, i + 1));
        given = i + 1;
        break;
      case Place::Middle:
        break;
    }
  }
  if (given < end) take(slice(given, end));
}

// Splits by jieba's re_skip, ([a-zA-Z0-9]+(?:\.\d+)?%?), and keeps what stands between.
void Segmenter::take_other(std::size_t begin, std::size_t end, const Take& take) {
  const auto is_digit = [&](std::size_t i) {
    return i < end && characters_[i] >= '0' && characters_[i] <= '9';
  };
  for (auto i = begin; i < end;) {
    const auto from = i;
    if (!is_english(characters_[i])) {
      while (i < end && !is_english(characters_[i])) ++i;
    } else {
      while (i < end && is_english(characters_[i])) ++i;
      if (i < end && characters_[i] == '.' && is_digit(i + 1)) {
        for (++i; is_digit(i);) ++i;
      }
      if (i < end && characters_[i] == '%') ++i;
    }
    take(slice(from, i));
  }
}

// Memory of one huge text is not kept for small ones.
void Segmenter::release() {
  constexpr std::size_t kKept = std::size_t{1} << 20;
  if (characters_.capacity() <= kKept) return;
  characters_ = {};
  offsets_ = {};
  likely_ = {};
  ends_ = {};
  from_ = {};
  places_ = {};
}

}  // namespace millrace::learn
