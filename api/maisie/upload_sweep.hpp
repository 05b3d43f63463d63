#pragma once

#include "api/maisie/registry.hpp"
#include "engine/run/scheduler.hpp"

namespace millrace::maisie {

/// Removes uploads that nobody went on with, and contents that only they kept. [control pool]
void sweep_uploads(Registry& registry);

/// Does so now and every few minutes, on the control pool, for as long as the registry lives. The
/// scheduler outlives the registry.
void sweep_uploads_now_and_then(const SharedRegistry& registry, Scheduler& scheduler);

}  // namespace millrace::maisie
