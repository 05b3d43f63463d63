#pragma once

#include <vector>

#include <millrace/batch.hpp>

#include "plugins/sql/windows.hpp"

namespace millrace::sql_operators {

/// How input.sql tells read.sql what to read: a batch whose columns are "@from" and "@to", int64,
/// with a row for each range. Rows of a table never look so, since they have a column of windows.
Batch split_batch(const Windows::Range& range);
[[nodiscard]] bool is_split_batch(const Batch& batch);
[[nodiscard]] std::vector<Windows::Range> ranges_of(const Batch& batch);

}  // namespace millrace::sql_operators
