#include "plugins/filter/expression.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <utility>

#include "plugins/filter/expression_token.hpp"

namespace millrace::expression {

namespace {

constexpr std::array<std::string_view, 8> kReserved{"and", "or",   "not",  "is",
                                                    "in",  "null", "true", "false"};

std::string lower(std::string_view text) {
  std::string out{text};
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

Literal read_number(const Token& token) {
  const char* const begin = token.text.data();
  const char* const end = begin + token.text.size();
  std::int64_t whole = 0;
  if (const auto read = std::from_chars(begin, end, whole);
      read.ec == std::errc{} && read.ptr == end)
    return whole;
  double number = 0;
  const auto read = std::from_chars(begin, end, number);
  if (read.ec == std::errc::result_out_of_range)
    throw SyntaxError{token.offset, "number is too large or too small"};
  if (read.ec != std::errc{} || read.ptr != end)
    throw SyntaxError{token.offset, "not a number: " + token.text};
  return number;
}

// Recursive descent: one function for each rule of the grammar in the header.
class Parser {
 public:
  explicit Parser(std::string_view text) : tokens_{text} { advance(); }

  Expression expression() {
    Expression read;
    read.root = or_part(0);
    if (token_.kind != Token::Kind::End)
      throw SyntaxError{token_.offset, "expected and, or, or the end"};
    read.columns = std::move(columns_);
    return read;
  }

 private:
  void advance() { token_ = tokens_.next(); }

  [[nodiscard]] bool is_word(std::string_view word) const {
    return token_.kind == Token::Kind::Word && lower(token_.text) == word;
  }
  bool take_word(std::string_view word) {
    if (!is_word(word)) return false;
    advance();
    return true;
  }
  bool take_symbol(std::string_view symbol) {
    if (token_.kind != Token::Kind::Symbol || token_.text != symbol) return false;
    advance();
    return true;
  }

  Node or_part(int depth) { return joined(Node::Kind::Or, "or", depth); }
  Node and_part(int depth) { return joined(Node::Kind::And, "and", depth); }

  Node joined(Node::Kind kind, std::string_view word, int depth) {
    const auto part = [&] { return kind == Node::Kind::Or ? and_part(depth) : not_part(depth); };
    Node first = part();
    if (!is_word(word)) return first;
    Node all;
    all.kind = kind;
    all.children.push_back(std::move(first));
    while (take_word(word)) all.children.push_back(part());
    return all;
  }

  Node not_part(int depth) {
    if (depth >= kMaxDepth) {
      throw SyntaxError{token_.offset,
                        "nested deeper than " + std::to_string(kMaxDepth) + " levels"};
    }
    if (take_word("not")) return negation(not_part(depth + 1));
    if (take_symbol("(")) {
      Node inner = or_part(depth + 1);
      if (!take_symbol(")")) throw SyntaxError{token_.offset, "expected a closing parenthesis"};
      return inner;
    }
    return test();
  }

  static Node negation(Node inner) {
    Node node;
    node.kind = Node::Kind::Not;
    node.children.push_back(std::move(inner));
    return node;
  }

  Node test() {
    const std::size_t begin = token_.offset;
    Node node;
    node.left = operand();
    if (take_word("is")) {
      const bool is_negated = take_word("not");
      if (!take_word("null")) throw SyntaxError{token_.offset, "expected null"};
      if (!std::holds_alternative<std::size_t>(node.left))
        throw SyntaxError{begin, "only a column may be null"};
      node.kind = Node::Kind::IsNull;
      return is_negated ? negation(std::move(node)) : node;
    }
    const bool is_negated = take_word("not");
    if (take_word("in")) {
      node.kind = Node::Kind::In;
      node.list = constants();
      return is_negated ? negation(std::move(node)) : node;
    }
    if (is_negated) throw SyntaxError{token_.offset, "expected in"};
    if (const auto comparison = take_comparison()) {
      node.kind = Node::Kind::Compare;
      node.comparison = *comparison;
      node.right = operand();
      return node;
    }
    const auto* literal = std::get_if<Literal>(&node.left);
    if (literal != nullptr && !std::holds_alternative<bool>(*literal)) {
      throw SyntaxError{token_.offset, "expected a comparison"};
    }
    return node;  // Truth
  }

  std::optional<Comparison> take_comparison() {
    static constexpr std::array<std::pair<std::string_view, Comparison>, 8> kComparisons{
        {{"=", Comparison::Equal},
         {"==", Comparison::Equal},
         {"!=", Comparison::NotEqual},
         {"<>", Comparison::NotEqual},
         {"<", Comparison::Less},
         {"<=", Comparison::LessEqual},
         {">", Comparison::Greater},
         {">=", Comparison::GreaterEqual}}};
    for (const auto& [symbol, comparison] : kComparisons) {
      if (take_symbol(symbol)) return comparison;
    }
    return std::nullopt;
  }

  std::vector<Literal> constants() {
    std::vector<Literal> list;
    if (!take_symbol("(")) throw SyntaxError{token_.offset, "expected a list in parentheses"};
    do {
      auto constant = literal();
      if (!constant) throw SyntaxError{token_.offset, "expected a constant"};
      list.push_back(*std::move(constant));
    } while (take_symbol(","));
    if (!take_symbol(")"))
      throw SyntaxError{token_.offset, "expected a comma or a closing parenthesis"};
    return list;
  }

  std::optional<Literal> literal() {
    std::optional<Literal> read;
    if (token_.kind == Token::Kind::Number) {
      read = read_number(token_);
    } else if (token_.kind == Token::Kind::Quoted) {
      read = Literal{std::move(token_.text)};
    } else if (is_word("true") || is_word("false")) {
      read = Literal{is_word("true")};
    }
    if (read) advance();
    return read;
  }

  Operand operand() {
    if (auto constant = literal()) return *std::move(constant);
    if (is_word("null"))
      throw SyntaxError{token_.offset, "nothing is equal to null: write COLUMN is null"};
    const bool is_column =
        token_.kind == Token::Kind::Column ||
        (token_.kind == Token::Kind::Word &&
         std::find(kReserved.begin(), kReserved.end(), lower(token_.text)) == kReserved.end());
    if (!is_column)
      throw SyntaxError{token_.offset, "expected a column, a number, a text, true or false"};
    const auto found = std::find(columns_.begin(), columns_.end(), token_.text);
    const auto index = static_cast<std::size_t>(found - columns_.begin());
    if (found == columns_.end()) columns_.push_back(std::move(token_.text));
    advance();
    return index;
  }

  Tokens tokens_;
  Token token_;
  std::vector<std::string> columns_;
};

}  // namespace

std::variant<Expression, SyntaxError> parse(std::string_view text) {
  if (text.size() > kMaxBytes) {
    return SyntaxError{kMaxBytes,
                       "expression is longer than " + std::to_string(kMaxBytes) + " bytes"};
  }
  try {
    return Parser{text}.expression();
  } catch (const SyntaxError& error) {
    return error;
  }
}

}  // namespace millrace::expression
