#pragma once

#include <millrace/operator_definition.hpp>

namespace millrace::sql_operators {

// One for each operator of the plugin, in the file that is named like it.

}  // namespace millrace::sql_operators
