#pragma once

#include <string>
#include <vector>

#include "api/route/request_schema.hpp"
#include "api/route/route.hpp"
#include "engine/plugin/operator_info.hpp"

namespace millrace::api {

/// One dialect as the document shows it.
struct DocumentedDialect {
  const Dialect& dialect;
  std::string prefix;                         // "/atflow", "" for the engine's own API
  std::vector<const RequestSchema*> schemas;  // of its routes, in their order
};

/// Returns the OpenAPI 3.1 document of everything that is served on the main port. The parameters
/// of the operators stand in components.schemas, "augment.flip" and so on.
Json openapi_document(const std::vector<DocumentedDialect>& dialects,
                      const std::vector<const OperatorInfo*>& operators, std::string_view version);

}  // namespace millrace::api
