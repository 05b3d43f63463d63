#pragma once

#include <cstdint>
#include <vector>

#include <millrace/batch.hpp>

namespace millrace {

/// Joins what several edges carried for one sequence number, given in the order of preOps: rows in
/// ascending order of kRootColumn, and rows of one root in the order of the parts. Where a part
/// lacks that column, one part behind the other. Throws Failure when the parts give one column two
/// types.
std::vector<Batch> merge_parts(std::vector<std::vector<Batch>> parts);

/// Cuts a batch into slices of at most `grain` rows, but never between two rows of one root.
std::vector<Batch> cut(Batch batch, std::int64_t grain);

}  // namespace millrace
