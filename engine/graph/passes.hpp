#pragma once

#include "engine/graph/plan.hpp"

namespace millrace {

/// The planner's passes, each in the file of its name.
Result<void> push_filters(Plan& plan, Registry& registry);
Result<void> prune_columns(Plan& plan, Registry& registry);
Result<void> put_readers(Plan& plan, Registry& registry);
Result<void> materialise(Plan& plan, Registry& registry);
Result<void> lossless_turns(Plan& plan, Registry& registry);
Result<void> fuse(Plan& plan, Registry& registry);

/// Returns whether an input's hints say that it takes over `what` ("where", "columns") through a
/// parameter of that name.
bool accepts(const OperatorInfo& info, std::string_view what);

}  // namespace millrace
