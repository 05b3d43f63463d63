#pragma once

#include <string>

#include <millrace/params.hpp>

namespace millrace::records {

/// Appends a value of the engine as JSON text: parameters that are needed beyond the call which
/// gave them.
void append_value(std::string& out, const Value& value);

}  // namespace millrace::records
