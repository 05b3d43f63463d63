#pragma once

#include <millrace/operator_definition.hpp>

namespace millrace::train {

// One for each operator of the plugin, in the file that is named like it.
OperatorDefinition define_forest();
OperatorDefinition define_term_weight();

}  // namespace millrace::train
