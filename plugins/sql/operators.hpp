#pragma once

#include <millrace/operator_definition.hpp>

namespace millrace::sql_operators {

// One for each operator of the plugin, in the file that is named like it.
OperatorDefinition define_fetch();
OperatorDefinition define_input();
OperatorDefinition define_output();
OperatorDefinition define_read();

}  // namespace millrace::sql_operators
