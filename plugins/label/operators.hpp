#pragma once

#include <millrace/operator_definition.hpp>

namespace millrace::label {

// One for each operator of the plugin, in the file that is named like it.
OperatorDefinition define_explain();
OperatorDefinition define_explain_regex();
OperatorDefinition define_forest();
OperatorDefinition define_keyword();
OperatorDefinition define_regex();
OperatorDefinition define_term_weight();

}  // namespace millrace::label
