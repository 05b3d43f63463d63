#pragma once

#include <string>

namespace millrace::records {

/// Appends a finite number as Python's repr() and json.dumps() have it: the shortest digits that
/// read back as the same double, "1.0", "0.00012", "1e-05", "1e+16".
void append_float(std::string& out, double value);

}  // namespace millrace::records
