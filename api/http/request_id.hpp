#pragma once

#include <string>

namespace millrace::http {

/// Returns a new id: 14 hexadecimal digits of the time in microseconds, greater than those of every
/// id before, and 10 of chance. [any thread]
std::string new_request_id();

}  // namespace millrace::http
