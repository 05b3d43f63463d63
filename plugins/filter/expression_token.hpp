#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "plugins/filter/expression.hpp"

namespace millrace::expression {

struct Token {
  enum class Kind { End, Word, Quoted, Column, Number, Symbol };
  Kind kind = Kind::End;
  std::size_t offset = 0;
  std::string
      text{};  // Word: as written; Quoted, Column: without quotes; Symbol: one or two characters
};

/// Cuts the text of an expression into tokens. Throws SyntaxError; parse() catches it.
class Tokens {
 public:
  explicit Tokens(std::string_view text) : text_{text} {}
  Token next();

 private:
  Token quoted(char quote);
  Token number();
  Token symbol();

  std::string_view text_;
  std::size_t at_ = 0;
};

}  // namespace millrace::expression
