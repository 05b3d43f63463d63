// Operators that give texts labels.
#include <span>
#include <vector>

#include <millrace/operator.hpp>

#include "plugins/label/operators.hpp"

namespace {

std::span<const millrace::OperatorDefinition> operators() {
  using namespace millrace::label;
  static const std::vector<millrace::OperatorDefinition> all{
      define_explain(), define_explain_regex(), define_forest(),
      define_keyword(), define_regex(),         define_term_weight()};
  return all;
}

}  // namespace

MR_PLUGIN_TABLE("label", "1.0.0", operators)
