#pragma once

#include "api/route/reading.hpp"

namespace millrace::atflow {

/// How the dialect reads parameters: members of a body that are null count as absent, and those
/// that it does not know are passed over, at every level and whatever they hold; an integer in a
/// query has a value however many digits it has.
api::Reading make_reading();

}  // namespace millrace::atflow
