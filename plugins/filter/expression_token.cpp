#include "plugins/filter/expression_token.hpp"

#include <array>

namespace millrace::expression {

namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_word_start(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '@';
}
bool is_word(char c) { return is_word_start(c) || is_digit(c) || c == '.'; }

}  // namespace

Token Tokens::next() {
  while (at_ < text_.size() &&
         std::string_view{" \t\r\n"}.find(text_[at_]) != std::string_view::npos)
    ++at_;
  if (at_ == text_.size()) return {Token::Kind::End, at_};
  const char c = text_[at_];
  if (c == '"' || c == '\'' || c == '`') return quoted(c);
  const bool has_digit =
      at_ + 1 < text_.size() && (is_digit(text_[at_ + 1]) || text_[at_ + 1] == '.');
  if (is_digit(c) || ((c == '-' || c == '.') && has_digit)) return number();
  if (!is_word_start(c)) return symbol();
  const std::size_t begin = at_;
  while (at_ < text_.size() && is_word(text_[at_])) ++at_;
  return {Token::Kind::Word, begin, std::string{text_.substr(begin, at_ - begin)}};
}

Token Tokens::quoted(char quote) {
  Token token{quote == '`' ? Token::Kind::Column : Token::Kind::Quoted, at_++};
  for (; at_ < text_.size(); ++at_) {
    char c = text_[at_];
    if (c == quote) {
      ++at_;
      if (quote == '`' && token.text.empty())
        throw SyntaxError{token.offset, "a column needs a name"};
      return token;
    }
    if (c == '\\' && quote != '`') {
      if (++at_ == text_.size()) break;
      c = text_[at_];
      if (c == 'n') c = '\n';
      if (c == 't') c = '\t';
    }
    token.text.push_back(c);
  }
  throw SyntaxError{token.offset, std::string{"text has no closing "} + quote};
}

Token Tokens::number() {
  const std::size_t begin = at_++;
  while (at_ < text_.size()) {
    const char c = text_[at_], before = text_[at_ - 1];
    const bool is_sign_of_exponent = (c == '+' || c == '-') && (before == 'e' || before == 'E');
    if (!is_word(c) && !is_sign_of_exponent) break;
    ++at_;
  }
  return {Token::Kind::Number, begin, std::string{text_.substr(begin, at_ - begin)}};
}

Token Tokens::symbol() {
  static constexpr std::array<std::string_view, 11> kSymbols{"==", "!=", "<>", "<=", ">=", "=",
                                                             "<",  ">",  "(",  ")",  ","};
  for (const std::string_view symbol : kSymbols) {
    if (text_.substr(at_).starts_with(symbol)) {
      const std::size_t begin = at_;
      at_ += symbol.size();
      return {Token::Kind::Symbol, begin, std::string{symbol}};
    }
  }
  throw SyntaxError{at_, "no expression holds this character"};
}

}  // namespace millrace::expression
