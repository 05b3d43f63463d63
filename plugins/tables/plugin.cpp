// Operators on small tables and reports: lists that become rows, groups of rows, columns made of
// others.
#include <span>
#include <vector>

#include <millrace/operator.hpp>

#include "plugins/tables/operators.hpp"

namespace {

std::span<const millrace::OperatorDefinition> operators() {
  using namespace millrace::tables;
  static const std::vector<millrace::OperatorDefinition> all{
      define_aggregate_rows(), define_derive_columns(), define_split_rows()};
  return all;
}

}  // namespace

MR_PLUGIN_TABLE("tables", "1.0.0", operators)
