#pragma once

#include <iosfwd>

#include "tools/audience_workload/rows.hpp"

namespace millrace::workload {

constexpr unsigned kMaxThreads = 256;

/// Writes all rows of a set to `out`, in order, made by `threads` threads of which each holds one
/// block of 4,096 rows; returns whether all could be written. The bytes are the same for any number
/// of threads, 1..kMaxThreads.
bool write_rows(const RowSet& set, unsigned threads, std::ostream& out);

}  // namespace millrace::workload
