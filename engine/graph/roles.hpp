#pragma once

#include <vector>

#include "engine/graph/fault_list.hpp"
#include "engine/graph/links.hpp"
#include "engine/graph/resolver.hpp"

namespace millrace {

/// Reports what the roles of the nodes forbid: no_input, output_count, input_pre_ops,
/// output_post_ops, pre_ops_empty, post_ops_empty, role_order, unknown_port. With strict_mix by the
/// table of the mix request; else nothing may precede an input or follow an output, and the rest is
/// free. `types` holds null where a node has no type.
void check_roles(const Pipeline& pipeline, const Links& links,
                 const std::vector<ResolvedType*>& types, const PipelineRules& rules,
                 FaultList& faults);

/// Reports same_address: targets (the parameter "file" of outputs), the log and the sources (that
/// of inputs) are different objects; two inputs may share one.
void check_addresses(const Pipeline& pipeline, const std::vector<ResolvedType*>& types,
                     FaultList& faults);

}  // namespace millrace
