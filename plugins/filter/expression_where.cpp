// Says an expression in the words of a catalog query.
#include "plugins/filter/expression.hpp"
#include "plugins/records/raw_json.hpp"

namespace millrace::expression {

namespace {

std::string_view spelled(Comparison comparison) {
  switch (comparison) {
    case Comparison::Equal:
      return "=";
    case Comparison::NotEqual:
      return "!=";
    case Comparison::Less:
      return "<";
    case Comparison::LessEqual:
      return "<=";
    case Comparison::Greater:
      return ">";
    case Comparison::GreaterEqual:
      return ">=";
  }
  return "=";
}

// What "constant OP column" is when the column comes first.
Comparison mirrored(Comparison comparison) {
  switch (comparison) {
    case Comparison::Less:
      return Comparison::Greater;
    case Comparison::LessEqual:
      return Comparison::GreaterEqual;
    case Comparison::Greater:
      return Comparison::Less;
    case Comparison::GreaterEqual:
      return Comparison::LessEqual;
    default:
      return comparison;
  }
}

class Writer {
 public:
  explicit Writer(const Expression& expression) : expression_{expression} {}

  // Adds the condition of one test; returns false when the catalog has no word for it.
  bool test(const Node& node) {
    switch (node.kind) {
      case Node::Kind::And:
        for (const Node& child : node.children) {
          if (!test(child)) return false;
        }
        return true;
      case Node::Kind::Truth:
        return condition(node.left, "=", "true");
      case Node::Kind::IsNull:
        return condition(node.left, "is_null", "true");
      case Node::Kind::Not: {
        const Node& inner = node.children.front();
        if (inner.kind == Node::Kind::Truth) return condition(inner.left, "=", "false");
        return inner.kind == Node::Kind::IsNull && condition(inner.left, "is_null", "false");
      }
      case Node::Kind::In:
        return in(node);
      case Node::Kind::Compare:
        return compare(node);
      case Node::Kind::Or:
        return false;
    }
    return false;
  }

  [[nodiscard]] std::string finish() && { return std::move(out_) + ']'; }

 private:
  // A number with a fraction is left to the filter: the catalog refuses it for a column of
  // integers.
  static bool append(std::string& out, const Literal& literal) {
    if (const auto* flag = std::get_if<bool>(&literal)) {
      out += *flag ? "true" : "false";
    } else if (const auto* number = std::get_if<std::int64_t>(&literal)) {
      out += std::to_string(*number);
    } else if (const auto* text = std::get_if<std::string>(&literal)) {
      records::raw::append_quoted(out, *text);
    } else {
      return false;
    }
    return true;
  }

  bool condition(const Operand& column, std::string_view op, std::string_view value) {
    const auto* index = std::get_if<std::size_t>(&column);
    if (index == nullptr) return false;
    out_ += out_.size() > 1 ? R"(,{"column":)" : R"({"column":)";
    records::raw::append_quoted(out_, expression_.columns[*index]);
    out_ += R"(,"op":")";
    out_ += op;
    out_ += R"(","value":)";
    out_ += value;
    out_ += '}';
    return true;
  }

  bool in(const Node& node) {
    std::string values = "[";
    for (const Literal& literal : node.list) {
      if (values.size() > 1) values += ',';
      if (!append(values, literal)) return false;
    }
    return condition(node.left, "in", values + ']');
  }

  bool compare(const Node& node) {
    const bool is_mirrored = std::holds_alternative<Literal>(node.left);
    const Operand& column = is_mirrored ? node.right : node.left;
    const auto* literal = std::get_if<Literal>(is_mirrored ? &node.left : &node.right);
    std::string value;
    if (literal == nullptr || !append(value, *literal)) return false;
    return condition(column, spelled(is_mirrored ? mirrored(node.comparison) : node.comparison),
                     value);
  }

  const Expression& expression_;
  std::string out_ = "[";
};

}  // namespace

std::string where_conditions(const Expression& expression) {
  Writer writer{expression};
  return writer.test(expression.root) ? std::move(writer).finish() : std::string{};
}

}  // namespace millrace::expression
