#pragma once

#include <string_view>

#include "engine/base/json.hpp"

namespace millrace {

/// Adds a member to an object without a look at those that are there; the caller knows that the
/// name is new.
void append_member(Json& object, std::string_view name, Json value);

}  // namespace millrace
