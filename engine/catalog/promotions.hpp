#pragma once

#include <cstdint>

#include "engine/catalog/part.hpp"

namespace millrace {

struct Asker;

/// The events of stages. A stage of (project, name of models) is a stack: `promote` puts a model on
/// top; `roll_back` puts the next one below in force again and takes what it passes over off the
/// stack: models that are gone, have another place or name now or are not seen by who asks;
/// `retire` leaves the stage without a model. All within the transaction of the change.

/// Checks a new event and returns what follows from it: who is in force with it, and what is below.
/// NotFound: no such model or stage; Conflict: nothing to roll back to, or nothing would change.
Result<RowValues> complete_promotion(Connection& connection, const Asker& asker,
                                     const RowValues& asked);
/// Puts an event in force.
Result<void> derive_stage(Connection& connection, std::int64_t promotion);

/// Conflict, which names the stage and the way out, while a model is in force in one.
Result<void> check_not_in_force(Connection& connection, std::int64_t model);
/// The same of all models of a user.
Result<void> check_none_in_force(Connection& connection, std::int64_t user);
/// Lets the events of a model be seen by those who see the model.
Result<void> follow_privacy(Connection& connection, std::int64_t model);

}  // namespace millrace
