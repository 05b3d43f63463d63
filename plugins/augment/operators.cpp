#include "plugins/augment/operators.hpp"

#include <vector>

#include "plugins/augment/render.hpp"

namespace millrace::augment {

std::span<const OperatorDefinition> operators() {
  static const std::vector<OperatorDefinition> all = [] {
    std::vector<OperatorDefinition> made{define_apply(), define_render()};
    for (const auto* op : all_ops()) made.push_back(define_op(*op));
    return made;
  }();
  return all;
}

}  // namespace millrace::augment
