#pragma once

#include "api/route/route.hpp"

namespace millrace::maisie {

/// The query parameters of a list of models, as a route declares them. Comparisons are not among
/// them, since each has a name of its own.
Json model_filters();

/// Adds the conditions of a list of models: workspace, project, user, version, job, hyperparam,
/// param, metric, tag and search with their aliases, and comparisons such as `metric.accuracy>0.9`.
Result<void, api::Refusal> filter_models(const api::Call& call, Json& where);

}  // namespace millrace::maisie
