#pragma once

#include <functional>

#include "engine/catalog/part.hpp"

namespace millrace {

/// Makes a change of rows of an entity, within a transaction. Conflict when none of them meets
/// Entity::remaining any more, where one did.
Result<void> with_one_remaining(Connection& connection, const Entity& entity,
                                const std::function<Result<void>()>& change);

}  // namespace millrace
