#include "api/engine/reply_schemas.hpp"

#include "api/engine/envelope.hpp"
#include "api/route/json_text.hpp"

namespace millrace::api {

namespace {

// Name -> what it is, with an example.
constexpr std::string_view kShown = R"({
"Submitted": {"type": "object", "required": ["id"],
  "properties": {"id": {"type": "integer", "description": "number of the job"},
    "existing": {"type": "boolean", "description": "its idempotency key named a job that was there"}},
  "example": {"id": 1}},
"SubmittedMany": {"description": "of many, each that has an id is on disk", "oneOf": [{"$ref": "Submitted"},
  {"type": "array", "items": {"oneOf": [{"$ref": "Submitted"}, {"$ref": "Refusal"}]}}],
  "example": {"id": 1}},
"Job": {"type": "object",
  "required": ["id", "dialect", "externalId", "owner", "queue", "name", "priority", "state", "stopReason", "created",
    "started", "finished", "notBefore", "after", "attempt", "maxAttempts", "progress", "counts", "result", "error", "facts"],
  "properties": {
    "id": {"type": "integer"}, "dialect": {"type": "string"},
    "externalId": {"type": ["string", "null"], "description": "what its dialect calls it"},
    "owner": {"type": "string"}, "queue": {"type": "string"}, "name": {"type": "string"},
    "priority": {"type": "integer"},
    "state": {"type": "string", "enum": ["waiting", "queued", "running", "publishing", "aborting", "finished", "failed", "aborted"]},
    "stopReason": {"type": "string"},
    "created": {"type": ["string", "null"], "format": "date-time"},
    "started": {"type": ["string", "null"], "format": "date-time"},
    "finished": {"type": ["string", "null"], "format": "date-time"},
    "notBefore": {"type": ["string", "null"], "format": "date-time", "description": "of its next attempt"},
    "after": {"type": ["object", "null"], "required": ["job", "delay_s", "when"], "description": "what it waits for, or has waited for",
      "properties": {"job": {"type": "integer"}, "delay_s": {"type": "integer"},
        "when": {"type": "string", "enum": ["finished", "failed", "ended"]}}},
    "attempt": {"type": "integer"}, "maxAttempts": {"type": "integer"},
    "progress": {"description": "of each node"}, "counts": {"description": "of what happened"},
    "result": {"description": "by node"}, "error": {"description": "null unless it failed"},
    "facts": {"description": "what its dialect keeps of it"}},
  "example": {"id": 1, "dialect": "engine", "externalId": "1", "owner": "engine", "queue": "default", "name": "Two rows",
    "priority": 0, "state": "finished", "stopReason": "none", "created": "2026-11-22T02:03:51.533Z",
    "started": "2026-11-22T02:03:51.540Z", "finished": "2026-11-22T02:03:51.602Z", "notBefore": null, "after": null, "attempt": 1,
    "maxAttempts": 3, "progress": {}, "counts": {}, "result": {}, "error": null, "facts": {}}},
"JobPage": {"type": "object", "required": ["items", "next"], "properties": {
    "items": {"type": "array", "items": {"$ref": "Job"}},
    "next": {"type": ["integer", "null"], "description": "before of the next page; null at the end"}},
  "example": {"items": [], "next": null}},
"Pipeline": {"type": "object", "required": ["ops"], "properties": {
    "name": {"type": "string", "description": "for people"},
    "params": {"type": "object", "description": "what may be given to it: name -> declaration"},
    "ops": {"type": "array", "items": {"type": "object", "required": ["name", "type"], "properties": {
      "name": {"type": "string"},
      "type": {"type": "string", "description": "an operator, such as augment.flip; its params are among the schemas"},
      "preOps": {"type": "array", "items": {"type": "string"}, "description": "nodes in front"},
      "postOps": {"type": "array", "items": {"type": "string"}, "description": "nodes behind"},
      "params": {"type": "object"}}}}},
  "example": {"name": "Two rows", "ops": [
    {"name": "rows", "type": "input.values", "preOps": [], "postOps": ["result"], "params": {"columns": {"n": [1, 2]}}},
    {"name": "result", "type": "output.reply", "preOps": ["rows"], "postOps": [], "params": {}}]}},
"PipelineList": {"type": "object", "required": ["items"], "properties": {"items": {"type": "array", "items": {
    "type": "object", "required": ["name", "doc", "params"], "properties": {
      "name": {"type": "string"}, "doc": {"type": ["string", "null"]}, "params": {"type": "object"}}}}},
  "example": {"items": [{"name": "examples/augment", "doc": null, "params": {}}]}},
"Validation": {"type": "object", "required": ["valid", "faults"], "properties": {
    "valid": {"type": "boolean"}, "faults": {"type": "array", "items": {"$ref": "Fault"}},
    "plan": {"description": "what would run"}},
  "example": {"valid": false, "faults": [
    {"kind": "unknown_operator", "pointer": "/ops/0/type", "message": "no such operator: input.value; did you mean input.values?"}]}},
"Fault": {"type": "object", "required": ["kind", "pointer", "message"], "properties": {
    "kind": {"type": "string", "description": "a word for programs"},
    "pointer": {"type": "string", "description": "JSON pointer into the body, or below /path, /query or /header"},
    "message": {"type": "string"}}},
"Operator": {"type": "object", "required": ["id", "role", "version", "doc", "params"], "properties": {
    "id": {"type": "string"}, "role": {"type": "string"}, "version": {"type": "string"}, "doc": {"type": "string"},
    "params": {"type": "object", "description": "name -> declaration"},
    "schema": {"type": "object", "description": "the same as a JSON Schema"}},
  "example": {"id": "output.reply", "role": "output", "version": "1.0.0", "doc": "Hands its rows to whoever asked for the run.",
    "params": {}, "schema": {"type": "object", "properties": {}}}},
"OperatorList": {"type": "object", "required": ["items"],
  "properties": {"items": {"type": "array", "items": {"$ref": "Operator"}}}, "example": {"items": []}},
"Status": {"type": "object", "required": ["status"], "properties": {"status": {"type": "string"}},
  "additionalProperties": {"type": "string", "description": "what a part of the server says"},
  "example": {"status": "ready", "catalog": "ok", "store": "ok"}}})";

Json own_text(std::string_view text) { return read_own(text).value_or(Json::object()); }

const Json& shown() {
  static const Json kRead = own_text(kShown);
  return kRead;
}

}  // namespace

Json engine_schemas() {
  Json schemas = Json::object();
  for (const auto& [name, schema] : shown().items()) {
    schemas[name] = schema;
    schemas[name].erase("example");
  }
  return schemas;
}

Json engine_refusal_schema() {
  return own_text(R"({"type": "object", "required": ["error"], "properties": {"error": {
    "type": "object", "required": ["code", "message"], "properties": {
      "code": {"type": "string", "description": "a word for programs, such as NotFound"},
      "message": {"type": "string"},
      "faults": {"type": "array", "items": {"$ref": "Fault"}}}}}})");
}

std::string showing(std::string_view schema, std::string_view declared, int status) {
  auto document = own_text(declared);
  auto& response = document["responses"][std::to_string(status)];
  if (!response.contains("doc")) response["doc"] = "OK";
  response["schema"] = {{"$ref", std::string{schema}}};
  response["example"] = shown().at(std::string{schema})["example"];
  return to_text(document);
}

}  // namespace millrace::api
