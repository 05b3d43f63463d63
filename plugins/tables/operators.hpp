#pragma once

#include <millrace/operator_definition.hpp>

namespace millrace::tables {

// One for each operator of the plugin, in the file that is named like it.
OperatorDefinition define_aggregate_rows();
OperatorDefinition define_derive_columns();
OperatorDefinition define_split_rows();

}  // namespace millrace::tables
