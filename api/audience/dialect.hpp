#pragma once

#include <memory>

#include "api/audience/settings.hpp"
#include "api/route/route.hpp"

namespace millrace::audience {

/// The Audience API 2.2 (docs/audience.md): tasks that put labels on the rows of a user's tables,
/// and the models that do it. The settings are shared with whoever reads them anew.
api::Dialect make_dialect(const std::shared_ptr<const SharedSettings>& settings);

}  // namespace millrace::audience
