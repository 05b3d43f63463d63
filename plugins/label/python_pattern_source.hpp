#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "plugins/label/python_pattern.hpp"

namespace millrace::label::python {

std::string to_utf8(std::u32string_view text);

/// Ends the reading of a pattern; parse_pattern() catches it.
struct Refused {
  PatternError error;
};

/// The characters of a pattern, read as Python's tokenizer does: one ahead, a backslash together
/// with what follows it.
class PatternSource {
 public:
  /// Throws Refused where the text is no UTF-8, too long, or ends in a backslash.
  explicit PatternSource(std::string_view utf8);

  [[nodiscard]] bool at_end() const { return next_.empty(); }
  /// The next token: a character, or a backslash and a character; empty at the end.
  [[nodiscard]] std::u32string_view next() const { return next_; }
  [[nodiscard]] bool next_is(char32_t c) const { return next_.size() == 1 && next_[0] == c; }
  [[nodiscard]] bool next_is_one_of(std::u32string_view characters) const {
    return next_.size() == 1 && characters.find(next_[0]) != characters.npos;
  }
  std::u32string_view get();
  /// Takes the next token if it is this character.
  bool match(char32_t c);
  /// Takes up to `most` tokens that are among the characters.
  std::u32string get_while(std::size_t most, std::u32string_view characters);
  /// Takes what stands before `terminator`, and it; `what` names it in errors.
  std::u32string get_until(char32_t terminator, std::string_view what);
  /// Position of the next token, in characters.
  [[nodiscard]] std::size_t tell() const { return index_ - next_.size(); }
  void seek(std::size_t index);

  /// Throws Refused for the place `back` characters before the next token.
  [[noreturn]] void refuse(std::string_view message, std::size_t back = 0) const;
  [[noreturn]] void refuse_at(std::string_view message, std::size_t position) const;
  /// Throws Refused with a message that has no place.
  [[noreturn]] static void refuse_whole(std::string_view message);
  /// Throws Refused for what Python takes and we do not.
  [[noreturn]] void refuse_ours(std::string_view message) const;

 private:
  [[noreturn]] static void refuse_long();
  void advance();
  [[nodiscard]] std::string place(std::size_t position) const;

  std::u32string text_;
  std::size_t index_ = 0;  // behind the next token
  std::u32string_view next_;
};

}  // namespace millrace::label::python
