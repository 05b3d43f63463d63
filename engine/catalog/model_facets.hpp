#pragma once

#include <cstdint>

#include "engine/catalog/database.hpp"

namespace millrace {

/// Keeps what is derived from a model: a row of model_values for each top-level member of its
/// hyperparameters, parameters and metrics, and in project_facets the names of all members and
/// users of a project with the number of models that use them, so that a project is answered
/// without a look at its models. Called within the transaction that changes the model.
Result<void> forget_model_facets(Connection& connection, std::int64_t model);
Result<void> derive_model_facets(Connection& connection, std::int64_t model);

}  // namespace millrace
