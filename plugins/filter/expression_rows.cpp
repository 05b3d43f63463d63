#include "plugins/filter/expression_rows.hpp"

#include <algorithm>
#include <compare>
#include <string>

#include <millrace/context.hpp>

namespace millrace::expression {

namespace {

template <class... Functions>
struct Overloaded : Functions... {
  using Functions::operator()...;
};
template <class... Functions>
Overloaded(Functions...) -> Overloaded<Functions...>;  // clang 14 does not deduce it by itself

bool holds(std::partial_ordering order, Comparison comparison) {
  switch (comparison) {
    case Comparison::Equal:
      return order == 0;
    case Comparison::NotEqual:
      return order != 0;
    case Comparison::Less:
      return order < 0;
    case Comparison::LessEqual:
      return order <= 0;
    case Comparison::Greater:
      return order > 0;
    case Comparison::GreaterEqual:
      return order >= 0;
  }
  return false;
}

// Orders an integer and a double as the numbers they are: 2^53 + 1 is no double.
std::partial_ordering exact_order(std::int64_t whole, double number) {
  if (number != number) return std::partial_ordering::unordered;
  if (number >= 0x1p63) return std::partial_ordering::less;
  if (number < -0x1p63) return std::partial_ordering::greater;
  const auto towards_zero = static_cast<std::int64_t>(number);
  if (whole != towards_zero) return whole <=> towards_zero;
  return 0.0 <=> number - static_cast<double>(towards_zero);
}

std::string names_of(const Schema& schema) {
  std::string names;
  for (const Field& field : schema) names += (names.empty() ? "" : ", ") + field.name;
  return names;
}

}  // namespace

ExpressionRows::ExpressionRows(const Expression& expression, const Batch& rows)
    : expression_{expression} {
  const Schema& schema = rows.schema();
  for (const std::string& name : expression.columns) {
    const auto field = std::find_if(schema.begin(), schema.end(),
                                    [&](const Field& one) { return one.name == name; });
    if (field == schema.end()) {
      throw Failure{MR_DATA_INVALID, "expression names no column of the rows: " + name +
                                         "; there are " + names_of(schema)};
    }
    switch (field->type) {
      case Type::Bool:
        readers_.emplace_back(rows.column<bool>(name));
        break;
      case Type::Int32:
      case Type::Int64:
      case Type::Timestamp:
        readers_.emplace_back(rows.column<std::int64_t>(name));
        break;
      case Type::Float32:
      case Type::Float64:
        readers_.emplace_back(rows.column<double>(name));
        break;
      case Type::Utf8:
      case Type::Binary:
        readers_.emplace_back(rows.column<std::string_view>(name));
        break;
      case Type::List:
      case Type::Struct:
        throw Failure{MR_DATA_INVALID, "expression cannot look into a " +
                                           std::string{to_string(field->type)} +
                                           " column: " + name};
    }
  }
  check(expression.root);
}

// Finds what does not fit before any row is looked at, so that the fault does not depend on which
// rows there are.
void ExpressionRows::check(const Node& node) const {
  switch (node.kind) {
    case Node::Kind::And:
    case Node::Kind::Or:
    case Node::Kind::Not:
      for (const Node& child : node.children) check(child);
      break;
    case Node::Kind::Compare: {
      const Kind right = kind(node.right);
      check_kinds(node.left, right);
      const bool is_order =
          node.comparison != Comparison::Equal && node.comparison != Comparison::NotEqual;
      if (right == Kind::Flag && is_order)
        throw Failure{MR_DATA_INVALID, "expression asks which flag is greater: use = or !="};
      break;
    }
    case Node::Kind::In:
      for (const Literal& literal : node.list) check_kinds(node.left, kind(literal));
      break;
    case Node::Kind::Truth:
      check_kinds(node.left, Kind::Flag);
      break;
    case Node::Kind::IsNull:
      break;
  }
}

ExpressionRows::Kind ExpressionRows::kind(const Operand& operand) const {
  if (const auto* column = std::get_if<std::size_t>(&operand)) {
    switch (readers_[*column].index()) {
      case 0:
        return Kind::Flag;
      case 3:
        return Kind::Text;
      default:
        return Kind::Number;
    }
  }
  switch (std::get<Literal>(operand).index()) {
    case 0:
      return Kind::Flag;
    case 3:
      return Kind::Text;
    default:
      return Kind::Number;
  }
}

void ExpressionRows::check_kinds(const Operand& left, Kind right) const {
  static constexpr std::string_view kWords[] = {"true or false", "a number", "a text"};
  const Kind found = kind(left);
  if (found == right) return;
  const auto* column = std::get_if<std::size_t>(&left);
  throw Failure{
      MR_DATA_INVALID,
      "expression compares " + std::string{kWords[static_cast<int>(found)]} + " with " +
          std::string{kWords[static_cast<int>(right)]} +
          (column != nullptr ? ": column " + expression_.columns[*column] : std::string{})};
}

ExpressionRows::Value ExpressionRows::of(const Literal& literal) {
  return std::visit([](const auto& held) { return Value{held}; }, literal);
}

ExpressionRows::Value ExpressionRows::value(const Operand& operand, std::int64_t row) const {
  const auto* column = std::get_if<std::size_t>(&operand);
  if (column == nullptr) return of(std::get<Literal>(operand));
  return std::visit(
      [row](const auto& reader) {
        const auto read = reader[row];
        return read ? Value{*read} : Value{};
      },
      readers_[*column]);
}

ExpressionRows::Truth ExpressionRows::compare(const Value& left, Comparison comparison,
                                              const Value& right) {
  if (left.index() == 0 || right.index() == 0) return Truth::Null;
  const auto order = std::visit(
      Overloaded{
          [](std::int64_t a, std::int64_t b) -> std::partial_ordering { return a <=> b; },
          [](std::int64_t a, double b) { return exact_order(a, b); },
          [](double a, std::int64_t b) { return 0 <=> exact_order(b, a); },
          [](double a, double b) -> std::partial_ordering { return a <=> b; },
          [](bool a, bool b) -> std::partial_ordering { return a <=> b; },
          [](std::string_view a, std::string_view b) -> std::partial_ordering { return a <=> b; },
          [](const auto&, const auto&) { return std::partial_ordering::unordered; },
      },
      left, right);
  return holds(order, comparison) ? Truth::True : Truth::False;
}

ExpressionRows::Truth ExpressionRows::truth(const Node& node, std::int64_t row) const {
  switch (node.kind) {
    case Node::Kind::And:
      return all_of(node, row);
    case Node::Kind::Or:
      return any_of(node, row);
    case Node::Kind::Not: {
      const Truth inner = truth(node.children.front(), row);
      if (inner == Truth::Null) return Truth::Null;
      return inner == Truth::True ? Truth::False : Truth::True;
    }
    case Node::Kind::Compare:
      return compare(value(node.left, row), node.comparison, value(node.right, row));
    case Node::Kind::In:
      return in_list(node, row);
    case Node::Kind::IsNull:
      return value(node.left, row).index() == 0 ? Truth::True : Truth::False;
    case Node::Kind::Truth:
      return compare(value(node.left, row), Comparison::Equal, true);
  }
  return Truth::Null;
}

ExpressionRows::Truth ExpressionRows::all_of(const Node& node, std::int64_t row) const {
  Truth all = Truth::True;
  for (const Node& child : node.children) {
    all = std::min(all, truth(child, row));
    if (all == Truth::False) break;
  }
  return all;
}

ExpressionRows::Truth ExpressionRows::any_of(const Node& node, std::int64_t row) const {
  Truth any = Truth::False;
  for (const Node& child : node.children) {
    any = std::max(any, truth(child, row));
    if (any == Truth::True) break;
  }
  return any;
}

ExpressionRows::Truth ExpressionRows::in_list(const Node& node, std::int64_t row) const {
  const Value left = value(node.left, row);
  if (left.index() == 0) return Truth::Null;
  const bool is_found =
      std::any_of(node.list.begin(), node.list.end(), [&](const Literal& literal) {
        return compare(left, Comparison::Equal, of(literal)) == Truth::True;
      });
  return is_found ? Truth::True : Truth::False;
}

}  // namespace millrace::expression
