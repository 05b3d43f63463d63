// Keeps the rows for which an expression over their columns is true.
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <millrace/operator.hpp>

#include "plugins/filter/expression.hpp"
#include "plugins/filter/expression_rows.hpp"
#include "plugins/filter/step_identity.hpp"

namespace {

namespace expression = millrace::expression;

std::string syntax_message(const expression::SyntaxError& error) {
  return "expression, at byte " + std::to_string(error.offset) + ": " + error.message;
}

class ExpressionFilter final : public millrace::Operator {
 public:
  static constexpr auto kName = "filter.expression";
  static constexpr auto kRole = millrace::Role::Filter;
  static constexpr auto kDoc =
      "Keeps the rows for which an expression over their columns is true: comparisons (= != < <= > "
      ">=), `is null`, `in (...)` and flags, joined by `and`, `or`, `not` and parentheses. Texts "
      "stand in quotes and compare byte by byte; a column whose name is not a plain word stands in "
      "backquotes; a timestamp compares with microseconds since 1970. A comparison with null is "
      "neither true nor false, as in SQL, so the row is dropped unless something else makes the "
      "expression true.";
  static constexpr auto kParams = R"json({
    "where": {"type": "string", "mandatory": true, "minLength": 1, "maxLength": 65536,
      "doc": "The expression, for example: width >= 640 and (type = \"image\" or not flagged)"}
  })json";
  static constexpr auto kTraits = R"json({"stability": "stable", "replicable": true,
    "passes_lazy": true, "accepts_any": true,
    "examples": [
      {"params": {"where": "width >= 640 and (type == \"image\" or not flagged)"},
       "rows": {"width": [640, 800, 12, null], "type": ["image", "video", "image", "image"],
                "flagged": [true, false, false, null]}}]})json";

  static void plan(millrace::Context& context, const millrace::Params& params) {
    const auto parsed = expression::parse(params.string("where"));
    if (const auto* error = std::get_if<expression::SyntaxError>(&parsed)) {
      context.fault("expression_syntax", "/where", syntax_message(*error));
      return;
    }
    const auto& read = std::get<expression::Expression>(parsed);
    const auto reads = expression::reads_of(read);
    if (!reads.fault.empty()) {
      context.fault("parameter_value", "/where", reads.fault);
      return;
    }
    if (!read.columns.empty()) context.trait("reads", reads.columns);
    const std::string where = expression::where_conditions(read);
    if (!where.empty()) context.trait("hints", R"({"where":)" + where + "}");
  }

  explicit ExpressionFilter(const millrace::Params& params) {
    auto parsed = expression::parse(params.string("where"));
    if (const auto* error = std::get_if<expression::SyntaxError>(&parsed)) {
      throw millrace::Failure{MR_INVALID_ARGUMENT, syntax_message(*error)};
    }
    expression_ = std::move(std::get<expression::Expression>(parsed));
  }

  void process(millrace::Context& context, millrace::Batch batch) override {
    const expression::ExpressionRows rows{expression_, batch};
    std::vector<std::int64_t> kept;
    for (std::int64_t row = 0; row < batch.rows(); ++row) {
      if (rows.is_true(row)) kept.push_back(row);
    }
    if (kept.empty()) return;
    const bool keeps_all = static_cast<std::int64_t>(kept.size()) == batch.rows();
    millrace::Batch passed = keeps_all ? std::move(batch) : batch.take(kept);
    context.emit(millrace::records::with_step(std::move(passed), context.node()));
  }

 private:
  expression::Expression expression_;
};

}  // namespace

MR_PLUGIN("filter_expression", "1.0.0", ExpressionFilter)
