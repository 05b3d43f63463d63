#pragma once

#include "api/maisie/fields.hpp"

namespace millrace::maisie {

/// Adds the conditions of a list of models: workspace, project, user, version, job, hyperparam,
/// param, metric, tag and search with their aliases, and comparisons such as `metric.accuracy>0.9`.
void filter_models(const http::Request& request, Json& where, FieldFaults& faults);

}  // namespace millrace::maisie
