#include <catch2/catch.hpp>

#include "engine/plugin/parameter_rules.hpp"

using namespace millrace;

TEST_CASE("a declaration becomes a JSON Schema", "[plugin][openapi]") {
  const auto schema = openapi_schema(Json::parse(R"({
    "sigma": {"type": "number", "default": 1.5, "exclusiveMinimum": 0, "unit": "pixels", "doc": "Width."},
    "target": {"type": "uri", "access": "write", "mandatory": true},
    "free": {"type": "any"},
    "either": {"type": "any", "anyOf": [{"type": "string", "doc": "A text."}, {"type": "object"}]},
    "sizes": {"type": "array", "minItems": 1, "items": {"type": "integer", "minimum": 1}},
    "where": {"type": "object", "required": ["x"], "properties": {"x": {"type": "integer"}, "y": {"type": "integer"}}}
  })"));
  CHECK(schema == Json::parse(R"({
    "type": "object",
    "properties": {
      "sigma": {"type": "number", "description": "Width.", "x-unit": "pixels", "default": 1.5, "exclusiveMinimum": 0},
      "target": {"type": "string", "format": "uri", "x-access": "write"},
      "free": {},
      "either": {"anyOf": [{"type": "string", "description": "A text."}, {"type": "object"}]},
      "sizes": {"type": "array", "minItems": 1, "items": {"type": "integer", "minimum": 1}},
      "where": {"type": "object", "properties": {"x": {"type": "integer"}, "y": {"type": "integer"}},
                "required": ["x"], "additionalProperties": false}
    },
    "required": ["target"],
    "additionalProperties": false
  })"));
}

TEST_CASE("an operator without parameters has a closed schema", "[plugin][openapi]") {
  CHECK(openapi_schema(Json::object()).dump() ==
        R"({"type":"object","properties":{},"additionalProperties":false})");
}
