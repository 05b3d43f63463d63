#pragma once

#include <cstdint>

#include <millrace/batch.hpp>

#include "api/audience/settings.hpp"
#include "engine/base/json.hpp"

namespace millrace::audience {

/// A row of the table `state` as replies show it: 18 members in the order of the document, nulls
/// among them.
Json show_state(const Batch& rows, std::int64_t row, Profile profile);

}  // namespace millrace::audience
