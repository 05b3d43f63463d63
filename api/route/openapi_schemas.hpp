#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "engine/base/json.hpp"

namespace millrace::api {

/// Turns the schemas of one dialect into those of one OpenAPI document.
class OpenApiSchemas {
 public:
  /// `scope` goes before the names of the dialect's own schemas: "maisie.", or nothing.
  OpenApiSchemas(std::string_view openapi, std::string scope)
      : is_3_0_{openapi.starts_with("3.0")}, scope_{std::move(scope)} {}

  /// A JSON Schema in the words of the document's version, each {"$ref": "Name"} resolved.
  [[nodiscard]] Json shown(Json schema) const;
  /// The same of a declaration as a route has it.
  [[nodiscard]] Json of_declaration(const Json& declaration) const;
  /// Adds an example to a schema that is shown already.
  void add_example(Json& schema, const Json& example) const;
  /// The name of a schema among the components.
  [[nodiscard]] std::string name_of(std::string_view name) const;
  /// {"$ref": ...} to it.
  [[nodiscard]] Json reference(std::string_view name) const;

 private:
  void convert(Json& schema) const;
  void convert_member(const std::string& name, Json& value) const;

  bool is_3_0_;
  std::string scope_;
};

}  // namespace millrace::api
