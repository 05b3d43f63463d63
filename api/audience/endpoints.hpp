#pragma once

#include <cstddef>
#include <vector>

#include "api/audience/settings.hpp"
#include "api/route/route.hpp"

namespace millrace::audience {

/// Values of a body, with the names of members; a pattern counts as one.
inline constexpr std::size_t kMostRequestValues = 1'000'000;

/// The twelve endpoints of the document, each with all that it is on the wire: method, path, what
/// it takes and how OpenAPI shows it. What an endpoint does is its pipeline and the translator of
/// its route.
std::vector<api::Route> endpoints(const Settings& settings);

}  // namespace millrace::audience
