#pragma once

#include "api/route/route.hpp"

namespace millrace::atflow {

/// Words a refusal: picks the fault that the document's order of checks finds first, with its
/// number; further ones follow in the text.
http::Response refuse(const api::Refusal& refusal, const http::Request& request);

}  // namespace millrace::atflow
