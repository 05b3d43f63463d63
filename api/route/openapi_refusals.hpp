#pragma once

#include "api/route/openapi_schemas.hpp"
#include "api/route/request_schema.hpp"
#include "api/route/route.hpp"

namespace millrace::api {

/// The name that Dialect::refusal_schema has among the schemas of its dialect.
inline constexpr const char* kRefusalSchema = "Refusal";

/// Whether who does not sign in is turned away from a route.
bool demands_sign_in(const Dialect& dialect, const Route& route);

/// Whether the body of a request means something to a route.
bool takes_body(const Route& route, const RequestSchema& schema);

/// Adds to the responses of an operation the refusals that follow from what its route is, each as
/// the dialect words it, and the body of those that are declared without one.
void add_refusals(const Dialect& dialect, const Route& route, const RequestSchema& schema,
                  const OpenApiSchemas& schemas, Json& responses);

}  // namespace millrace::api
