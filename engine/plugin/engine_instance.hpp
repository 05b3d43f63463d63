#pragma once

#include <string_view>

namespace millrace {

/// Returns the name of this start of the engine: 16 hexadecimal digits, drawn when it is first
/// asked for, the same until the process ends. [any thread]
std::string_view engine_instance();

}  // namespace millrace
