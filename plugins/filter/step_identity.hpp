#pragma once

#include <string_view>

#include <millrace/batch.hpp>

namespace millrace::records {

/// Appends "#<node>:0" to the identity of every row: what a filter adds to the records that pass
/// it. A batch without that column, which does not carry list records, stays as it is.
Batch with_step(Batch rows, std::string_view node);

}  // namespace millrace::records
