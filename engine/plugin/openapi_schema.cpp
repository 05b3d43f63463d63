#include <algorithm>
#include <array>

#include "engine/plugin/parameter_rules.hpp"

namespace millrace {
namespace {

// Members that mean the same in both languages.
constexpr std::array<const char*, 11> kShared{
    "default",   "minimum",   "maximum", "exclusiveMinimum", "exclusiveMaximum", "enum",
    "minLength", "maxLength", "pattern", "minItems",         "maxItems"};

Json value_schema(const Json& declaration);

// The schema of an object from name -> declaration, with `required` made of the mandatory ones and
// of `required`.
void add_members(const Json& members, const Json& required, Json& schema) {
  Json properties = Json::object();
  Json mandatory = Json::array();
  for (const auto& [name, member] : members.items()) {
    properties[name] = value_schema(member);
    const bool is_named = std::find(required.begin(), required.end(), Json(name)) != required.end();
    if (is_named || member.value("mandatory", false)) mandatory.push_back(name);
  }
  schema["properties"] = std::move(properties);
  if (!mandatory.empty()) schema["required"] = std::move(mandatory);
}

Json value_schema(const Json& declaration) {
  Json schema = Json::object();
  if (!declaration.is_object()) return schema;
  const auto type = declaration.value("type", "any");
  if (type == "uri") {
    schema["type"] = "string";
    schema["format"] = "uri";
    schema["x-access"] = declaration.value("access", "read");
  } else if (type != "any") {
    schema["type"] = type;
  }
  const auto doc = declaration.value("doc", "");
  const auto unit = declaration.value("unit", "");
  if (!doc.empty()) schema["description"] = doc;
  if (!unit.empty()) schema["x-unit"] = unit;
  for (const char* member : kShared) {
    if (declaration.contains(member)) schema[member] = declaration[member];
  }
  if (declaration.contains("items")) schema["items"] = value_schema(declaration["items"]);
  if (const auto several = declaration.find("anyOf"); several != declaration.end()) {
    for (const auto& one : *several) schema["anyOf"].push_back(value_schema(one));
  }
  const bool has_properties = declaration.contains("properties");
  if (has_properties) {
    add_members(declaration["properties"], declaration.value("required", Json::array()), schema);
  }
  if (const auto more = declaration.find("additionalProperties"); more != declaration.end()) {
    schema["additionalProperties"] = more->is_boolean() ? *more : value_schema(*more);
  } else if (has_properties) {
    schema["additionalProperties"] = false;
  }
  return schema;
}

}  // namespace

Json openapi_schema(const Json& params) {
  Json schema = Json::object();
  schema["type"] = "object";
  add_members(params, Json::array(), schema);
  schema["additionalProperties"] = false;
  return schema;
}

}  // namespace millrace
