// Operators that learn models from labelled rows.
#include <span>
#include <vector>

#include <millrace/operator.hpp>

#include "plugins/train/operators.hpp"

namespace {

std::span<const millrace::OperatorDefinition> operators() {
  using namespace millrace::train;
  static const std::vector<millrace::OperatorDefinition> all{define_forest(), define_term_weight()};
  return all;
}

}  // namespace

MR_PLUGIN_TABLE("train", "1.0.0", operators)
