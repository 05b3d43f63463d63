#pragma once

#include <cstdint>
#include <string_view>
#include <variant>
#include <vector>

#include <millrace/batch.hpp>

#include "plugins/filter/expression.hpp"

namespace millrace::expression {

/// An expression over the rows of one batch. Nulls follow SQL: a comparison with null is neither
/// true nor false, "and" and "or" know what they can, and only what is true is kept. [one thread at
/// a time]
class ExpressionRows {
 public:
  /// Throws Failure: DataInvalid names a column that the batch lacks, or that is of a type the
  /// expression does not fit.
  ExpressionRows(const Expression& expression, const Batch& rows);
  [[nodiscard]] bool is_true(std::int64_t row) const {
    return truth(expression_.root, row) == Truth::True;
  }

 private:
  enum class Truth { False, Null, True };
  enum class Kind { Flag, Number, Text };
  using Value = std::variant<std::monostate, bool, std::int64_t, double, std::string_view>;
  using Reader =
      std::variant<Column<bool>, Column<std::int64_t>, Column<double>, Column<std::string_view>>;

  void check(const Node& node) const;
  [[nodiscard]] Kind kind(const Operand& operand) const;
  void check_kinds(const Operand& left, Kind right) const;
  [[nodiscard]] Value value(const Operand& operand, std::int64_t row) const;
  [[nodiscard]] Truth truth(const Node& node, std::int64_t row) const;
  [[nodiscard]] Truth all_of(const Node& node, std::int64_t row) const;
  [[nodiscard]] Truth any_of(const Node& node, std::int64_t row) const;
  [[nodiscard]] Truth in_list(const Node& node, std::int64_t row) const;
  static Value of(const Literal& literal);
  static Truth compare(const Value& left, Comparison comparison, const Value& right);

  const Expression& expression_;
  std::vector<Reader> readers_;  // by place in Expression::columns
};

}  // namespace millrace::expression
