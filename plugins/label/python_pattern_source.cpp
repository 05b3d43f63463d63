#include "plugins/label/python_pattern_source.hpp"

#include <algorithm>

#include <unicode/utf8.h>

namespace millrace::label::python {

std::string to_utf8(std::u32string_view text) {
  std::string result;
  for (const char32_t c : text) {
    char bytes[4] = {};
    int32_t size = 0;
    U8_APPEND_UNSAFE(bytes, size, static_cast<std::uint32_t>(c));
    result.append(bytes, static_cast<std::size_t>(size));
  }
  return result;
}

PatternSource::PatternSource(std::string_view utf8) {
  if (utf8.size() > 4 * kMostPatternCharacters) refuse_long();
  const auto* const bytes = reinterpret_cast<const std::uint8_t*>(utf8.data());
  for (std::size_t i = 0; i < utf8.size();) {
    UChar32 code = 0;
    U8_NEXT(bytes, i, utf8.size(), code);
    if (code < 0)
      throw Refused{{"the pattern is no UTF-8 at byte " + std::to_string(i - 1), false}};
    text_ += static_cast<char32_t>(code);
  }
  if (text_.size() > kMostPatternCharacters) refuse_long();
  advance();
}

void PatternSource::refuse_long() {
  throw Refused{{"the pattern is longer than " + std::to_string(kMostPatternCharacters) +
                     " characters; divide it",
                 false}};
}

void PatternSource::advance() {
  const std::size_t begin = index_;
  if (begin >= text_.size()) {
    next_ = {};
    return;
  }
  std::size_t size = 1;
  if (text_[begin] == U'\\') {
    if (begin + 1 >= text_.size()) refuse_at("bad escape (end of pattern)", text_.size() - 1);
    size = 2;
  }
  index_ = begin + size;
  next_ = std::u32string_view{text_}.substr(begin, size);
}

std::u32string_view PatternSource::get() {
  const auto token = next_;
  advance();
  return token;
}

bool PatternSource::match(char32_t c) {
  if (!next_is(c)) return false;
  advance();
  return true;
}

std::u32string PatternSource::get_while(std::size_t most, std::u32string_view characters) {
  std::u32string result;
  while (result.size() < most && next_is_one_of(characters)) result += get();
  return result;
}

std::u32string PatternSource::get_until(char32_t terminator, std::string_view what) {
  std::u32string result;
  while (true) {
    const auto token = get();
    if (token.empty()) {
      if (result.empty()) refuse("missing " + std::string{what});
      refuse("missing " + to_utf8({&terminator, 1}) + ", unterminated name", result.size());
    }
    if (token.size() == 1 && token[0] == terminator) {
      if (result.empty()) refuse("missing " + std::string{what}, 1);
      return result;
    }
    result += token;
  }
}

void PatternSource::seek(std::size_t index) {
  index_ = index;
  advance();
}

// "at position 3", with line and column where the pattern has lines.
std::string PatternSource::place(std::size_t position) const {
  std::string place = " at position " + std::to_string(position);
  if (text_.find(U'\n') == text_.npos) return place;
  const auto begin = text_.begin();
  const auto end = begin + static_cast<std::ptrdiff_t>(std::min(position, text_.size()));
  const auto line = std::count(begin, end, U'\n') + 1;
  const auto last = std::u32string_view{text_}.substr(0, position).rfind(U'\n');
  const std::size_t column = last == text_.npos ? position + 1 : position - last;
  return place + " (line " + std::to_string(line) + ", column " + std::to_string(column) + ")";
}

void PatternSource::refuse(std::string_view message, std::size_t back) const {
  refuse_at(message, tell() - back);
}

void PatternSource::refuse_at(std::string_view message, std::size_t position) const {
  throw Refused{{std::string{message} + place(position)}};
}

void PatternSource::refuse_whole(std::string_view message) {
  throw Refused{{std::string{message}}};
}

void PatternSource::refuse_ours(std::string_view message) const {
  throw Refused{{std::string{message} + place(tell()), false}};
}

}  // namespace millrace::label::python
