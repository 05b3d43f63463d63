// Operators that read and write the tables of a user's database.
#include <span>
#include <vector>

#include <millrace/operator.hpp>

#include "plugins/sql/operators.hpp"

namespace {

std::span<const millrace::OperatorDefinition> operators() {
  using namespace millrace::sql_operators;
  static const std::vector<millrace::OperatorDefinition> all{define_fetch(), define_input(),
                                                             define_output(), define_read()};
  return all;
}

}  // namespace

MR_PLUGIN_TABLE("sql", "1.0.0", operators)
