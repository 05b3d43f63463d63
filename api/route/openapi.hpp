#pragma once

#include <string>
#include <vector>

#include "api/route/request_schema.hpp"
#include "api/route/route.hpp"
#include "engine/plugin/operator_info.hpp"

namespace millrace::api {

/// One dialect as a document shows it.
struct DocumentedDialect {
  const Dialect& dialect;
  std::string prefix;                         // "/atflow", "" at the root
  std::vector<const RequestSchema*> schemas;  // of its routes, in their order
};

/// What a document says of itself.
struct DocumentHead {
  std::string openapi = "3.1.0";  // or "3.0.x"
  std::string title, version;
  std::string server = "/";  // below which all paths are
};

/// Returns the OpenAPI document of what dialects declare. One with a prefix has its schemas below
/// its name ("maisie.Model"). The parameters of operators stand in components.schemas too,
/// "augment.flip" and so on.
Json openapi_document(const DocumentHead& head, const std::vector<DocumentedDialect>& dialects,
                      const std::vector<const OperatorInfo*>& operators);

}  // namespace millrace::api
