#pragma once

#include <cstdint>
#include <vector>

#include "engine/graph/fault_list.hpp"
#include "engine/graph/links.hpp"
#include "engine/graph/resolver.hpp"

namespace millrace {

/// Follows what the operators declare of their columns (emits, adds, reads) along the edges and
/// reports "schema" where a node is sure to get a batch without a column that it reads, or with one
/// of another type. What is not declared is not guessed. `order` is topological; `checked` holds
/// null for nodes that could not be resolved. Linear.
void check_schemas(const Pipeline& pipeline, const Links& links,
                   const std::vector<std::uint32_t>& order,
                   const std::vector<const CheckedNode*>& checked, FaultList& faults);

}  // namespace millrace
