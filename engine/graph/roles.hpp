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

/// Reports same_address: an object that a node writes, or the log, is used by nobody else; what is
/// only read may be read by many. Objects are told apart by Services::identify(), not by how their
/// addresses are spelled. Returns whether that was asked for.
bool check_addresses(const Pipeline& pipeline, const std::vector<ResolvedType*>& types,
                     Services& services, FaultList& faults);

}  // namespace millrace
