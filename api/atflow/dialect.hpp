#pragma once

#include <memory>

#include "api/atflow/authenticator.hpp"
#include "api/route/route.hpp"

namespace millrace::atflow {

/// The atflow dialect: lists of images on object storage, mixed and augmented by jobs.
api::Dialect make_dialect(
    std::shared_ptr<const Authenticator> authenticator);  // shared with who reloads its keys

}  // namespace millrace::atflow
