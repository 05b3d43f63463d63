// Says what an expression asks of its columns, before there are any.
#include <map>
#include <string>
#include <utility>

#include "plugins/filter/expression.hpp"
#include "plugins/records/raw_json.hpp"

namespace millrace::expression {

namespace {

// By the place in Literal, and what "reads" calls it.
enum class Kind { Flag, Number, Text };

constexpr std::string_view kTypes[] = {"bool", "number|timestamp", "utf8|binary"};
constexpr std::string_view kNames[] = {"true or false", "a number", "a text"};
constexpr std::string_view kAny = "bool|number|timestamp|utf8|binary";

Kind kind_of(const Literal& literal) {
  if (std::holds_alternative<bool>(literal)) return Kind::Flag;
  return std::holds_alternative<std::string>(literal) ? Kind::Text : Kind::Number;
}

class Reader {
 public:
  explicit Reader(const Expression& expression) : expression_{expression} {}

  void read(const Node& node) {
    switch (node.kind) {
      case Node::Kind::And:
      case Node::Kind::Or:
      case Node::Kind::Not:
        for (const Node& child : node.children) read(child);
        break;
      case Node::Kind::Compare:
        compare(node);
        break;
      case Node::Kind::In:
        for (const Literal& literal : node.list) ask(node.left, kind_of(literal));
        break;
      case Node::Kind::Truth:
        ask(node.left, Kind::Flag);
        break;
      case Node::Kind::IsNull:
        break;
    }
  }

  [[nodiscard]] Reads finish() && {
    if (!fault_.empty()) return {{}, std::move(fault_)};
    std::string reads = "{";
    for (std::size_t i = 0; i < expression_.columns.size(); ++i) {
      if (i > 0) reads += ',';
      records::raw::append_quoted(reads, expression_.columns[i]);
      reads += ':';
      const auto kind = kinds_.find(i);
      records::raw::append_quoted(
          reads, kind == kinds_.end() ? kAny : kTypes[static_cast<int>(kind->second)]);
    }
    return {reads + '}', {}};
  }

 private:
  void compare(const Node& node) {
    const auto* left = std::get_if<Literal>(&node.left);
    const auto* right = std::get_if<Literal>(&node.right);
    if (right != nullptr) ask(node.left, kind_of(*right));
    if (left != nullptr) ask(node.right, kind_of(*left));
    const bool is_order =
        node.comparison != Comparison::Equal && node.comparison != Comparison::NotEqual;
    const bool has_flag = (left != nullptr && kind_of(*left) == Kind::Flag) ||
                          (right != nullptr && kind_of(*right) == Kind::Flag);
    if (is_order && has_flag) fail("expression asks which flag is greater: use = or !=");
  }

  void ask(const Operand& operand, Kind kind) {
    if (const auto* literal = std::get_if<Literal>(&operand)) {
      if (kind_of(*literal) != kind) fail(mixed(kind_of(*literal), kind));
      return;
    }
    const auto column = std::get<std::size_t>(operand);
    const auto [known, is_new] = kinds_.try_emplace(column, kind);
    if (known->second != kind)
      fail(mixed(known->second, kind) + ": column " + expression_.columns[column]);
  }

  static std::string mixed(Kind one, Kind other) {
    return "expression compares " + std::string{kNames[static_cast<int>(one)]} + " with " +
           std::string{kNames[static_cast<int>(other)]};
  }

  void fail(std::string what) {
    if (fault_.empty()) fault_ = std::move(what);
  }

  const Expression& expression_;
  std::map<std::size_t, Kind> kinds_;  // of the columns that are compared with a constant
  std::string fault_;
};

}  // namespace

Reads reads_of(const Expression& expression) {
  Reader reader{expression};
  reader.read(expression.root);
  return std::move(reader).finish();
}

}  // namespace millrace::expression
