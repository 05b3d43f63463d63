#pragma once

#include "engine/base/json.hpp"
#include "engine/graph/pipeline.hpp"
#include "engine/store/store.hpp"

namespace millrace {

/// Writes rights as they are kept with a job, so that it runs with them after a restart too. Holds
/// no secret.
std::string to_text(const StoreRights& rights);
/// Reads them. What cannot be read opens nothing.
StoreRights read_rights(const Json& rights);

/// The same for the rules by which its pipeline was validated; whether the sources exist is not
/// asked again.
std::string to_text(const PipelineRules& rules);
PipelineRules read_rules(const Json& rules);

}  // namespace millrace
