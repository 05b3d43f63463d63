#pragma once

#include <memory>

#include "api/engine/views.hpp"
#include "api/route/route.hpp"

namespace millrace::api {

/// The engine's own API, at the root of the main port. Its routes call `views`, which outlives the
/// dialect.
Dialect make_engine_dialect(const Views& views, std::shared_ptr<const Authenticator> authenticator,
                            std::string_view version);

}  // namespace millrace::api
