#pragma once

#include <string>
#include <string_view>

#include "api/route/openapi_schemas.hpp"
#include "api/route/request_schema.hpp"
#include "api/route/route.hpp"

namespace millrace::api {

/// A path as OpenAPI has it: "/models/{id:int}/" is "/models/{id}/".
std::string documented_path(std::string_view path);

/// Returns the Operation Object of a route.
Json openapi_operation(const Dialect& dialect, const Route& route, const RequestSchema& schema,
                       const OpenApiSchemas& schemas);

}  // namespace millrace::api
