#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "api/route/openapi_schemas.hpp"
#include "api/route/request_schema.hpp"
#include "api/route/route.hpp"

namespace millrace::api {

/// A path as OpenAPI has it: "/models/{id:int}/" is "/models/{id}/".
std::string documented_path(std::string_view path);

/// Returns the name that the object of a route's fields has among the schemas, and its schema;
/// nothing where it has none.
std::optional<std::pair<std::string, Json>> openapi_named_fields(const RequestSchema& schema,
                                                                 const OpenApiSchemas& schemas);

/// Returns the Operation Object of a route.
Json openapi_operation(const Dialect& dialect, const Route& route, const RequestSchema& schema,
                       const OpenApiSchemas& schemas);

}  // namespace millrace::api
