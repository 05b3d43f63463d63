#pragma once

#include "api/maisie/registry.hpp"

namespace millrace::maisie {

/// A registry of models: users, workspaces, projects, tags, models and their files.
api::Dialect make_dialect(const SharedRegistry& registry);

}  // namespace millrace::maisie
