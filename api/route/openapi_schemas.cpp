#include "api/route/openapi_schemas.hpp"

#include <algorithm>
#include <array>

#include "engine/plugin/parameter_rules.hpp"

#include <fmt/format.h>

namespace millrace::api {

namespace {

// Members of a schema that are schemas by name, or lists of them.
constexpr std::array<std::string_view, 6> kMany{
    "properties", "patternProperties", "$defs", "oneOf", "anyOf", "allOf"};
constexpr std::array<std::string_view, 3> kOne{"items", "additionalProperties", "not"};

bool is_among(const auto& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

// {"type": ["string", "null"]} as {"type": "string", "nullable": true}.
void make_nullable(Json& schema) {
  auto& type = schema["type"];
  if (!type.is_array()) return;
  Json others = Json::array();
  for (const auto& each : type)
    if (each != "null") others.push_back(each);
  if (others.size() < type.size()) schema["nullable"] = true;
  if (others.size() == 1) {
    schema["type"] = others.front();
  } else {
    schema.erase("type");  // several others: anything
  }
}

// {"exclusiveMinimum": 0} as {"minimum": 0, "exclusiveMinimum": true}.
void make_bound(Json& schema, const char* exclusive, const char* bound) {
  const auto found = schema.find(exclusive);
  if (found == schema.end() || !found->is_number()) return;
  schema[bound] = *found;
  schema[exclusive] = true;
}

}  // namespace

Json OpenApiSchemas::shown(Json schema) const {
  convert(schema);
  return schema;
}

Json OpenApiSchemas::of_declaration(const Json& declaration) const {
  return shown(openapi_schema(Json{{"value", declaration}})["properties"]["value"]);
}

void OpenApiSchemas::add_example(Json& schema, const Json& example) const {
  if (is_3_0_) {
    schema["example"] = example;
  } else {
    schema["examples"] = Json::array({example});
  }
}

std::string OpenApiSchemas::name_of(std::string_view name) const {
  return fmt::format("{}{}", scope_, name);
}

Json OpenApiSchemas::reference(std::string_view name) const {
  return {{"$ref", fmt::format("#/components/schemas/{}{}", scope_, name)}};
}

// Values that stand in a schema, such as those of "default", are left as they are.
void OpenApiSchemas::convert(Json& schema) const {
  if (!schema.is_object()) return;
  if (const auto name = schema.find("$ref"); name != schema.end()) {
    schema = reference(name->get<std::string>());
    return;
  }
  for (auto& [name, value] : schema.items()) convert_member(name, value);
  if (!is_3_0_) return;
  if (schema.contains("type")) make_nullable(schema);
  make_bound(schema, "exclusiveMinimum", "minimum");
  make_bound(schema, "exclusiveMaximum", "maximum");
}

void OpenApiSchemas::convert_member(const std::string& name, Json& value) const {
  if (is_among(kOne, name)) convert(value);
  if (is_among(kMany, name))
    for (auto& each : value) convert(each);
}

}  // namespace millrace::api
