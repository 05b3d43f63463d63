#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace millrace::expression {

/// The language of filter.expression: comparisons of columns and constants, joined by and, or, not
/// and parentheses.
///
///   expression = and-part *( "or" and-part )          and-part = not-part *( "and" not-part )
///   not-part   = "not" not-part / "(" expression ")" / test
///   test       = operand [ comparison operand / "is" [ "not" ] "null" / [ "not" ] "in" "("
///   constant *( "," constant ) ")" ] comparison = "=" / "==" / "!=" / "<>" / "<" / "<=" / ">" /
///   ">=" operand    = column / constant                    constant = number / text / "true" /
///   "false" column     = letter, "_" or "@", then also digits and "." / any text in backquotes
///   text       = in "..." or '...'; a backslash takes the next character as it is, \n and \t are
///   what they are in C
///
/// Words are read in small and in capital letters. Nothing is computed, nothing is called.

/// A constant.
using Literal = std::variant<bool, std::int64_t, double, std::string>;

/// A column, by its place in Expression::columns, or a constant.
using Operand = std::variant<std::size_t, Literal>;

enum class Comparison { Equal, NotEqual, Less, LessEqual, Greater, GreaterEqual };

struct Node {
  enum class Kind {
    And,      // of all children
    Or,       // of all children
    Not,      // of the one child
    Compare,  // left with right
    In,       // left is one of `list`
    IsNull,   // left
    Truth     // left, a flag
  };
  Kind kind = Kind::Truth;
  Comparison comparison = Comparison::Equal;
  Operand left{}, right{};
  std::vector<Literal> list{};
  std::vector<Node> children{};
};

struct Expression {
  Node root;
  std::vector<std::string> columns;  // each once, in the order of first use
};

/// What is wrong, and how many bytes stand before it.
struct SyntaxError {
  std::size_t offset = 0;
  std::string message;
};

inline constexpr std::size_t kMaxBytes = 64 * 1024;
inline constexpr int kMaxDepth = 64;  // of parentheses and nots

/// Reads an expression. [any thread]
std::variant<Expression, SyntaxError> parse(std::string_view text);

/// Returns the "where" conditions of a catalog query (a JSON array) that say the same, or empty
/// text when the expression is more than tests joined by "and".
std::string where_conditions(const Expression& expression);

/// What an expression asks of its columns, as the trait "reads" has it (a JSON object); or the
/// fault of one that can be true of no columns.
struct Reads {
  std::string columns, fault;
};
Reads reads_of(const Expression& expression);

}  // namespace millrace::expression
