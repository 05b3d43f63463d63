// What replies look like, for OpenAPI: an example of each, from which its schema is read. Members
// whose name ends in "?" may be null.
#include "api/maisie/reply_schemas.hpp"

#include <algorithm>
#include <array>

#include "api/route/json_text.hpp"

namespace millrace::maisie {

namespace {

constexpr std::string_view kExamples = R"({
"User": {"id": 1, "login": "admin", "full_name?": "Ada Admin", "email?": "ada@example.org",
  "updated": "2026-11-22T02:03:51.533349+00:00", "created": "2026-11-22T02:03:51.533349+00:00"},
"Workspace": {"id": 1, "name": "Vision", "description?": "All vision work",
  "updated": "2026-11-22T02:03:51.533349+00:00", "created": "2026-11-22T02:03:51.533349+00:00"},
"Project": {"id": 1, "workspace_id": 1, "name": "Digits", "description?": null,
  "all_hyperparameters": ["lr", "epochs"], "all_parameters": ["layers"], "all_metrics": ["acc", "loss"],
  "all_users": [{"id": 1, "full_name?": "Ada Admin"}], "git_url?": "https://git.example.org/digits",
  "updated": "2026-11-22T02:03:51.533349+00:00", "created": "2026-11-22T02:03:51.533349+00:00",
  "_links": {"self": "http://127.0.0.1:8080/maisie/api/v1/projects/1/",
             "workspace": "http://127.0.0.1:8080/maisie/api/v1/workspaces/1/"}},
"Model": {"id": 1, "user": {"id": 1, "login": "admin", "full_name?": "Ada Admin"}, "project_id": 1,
  "name?": "lenet", "visibility": "public", "dataset": {"name?": "mnist", "description?": null},
  "hyperparameters": {"lr": 0.01, "epochs": 10}, "parameters": {"layers": 5}, "metrics": {"acc": 0.98},
  "tags": [{"id": 1, "name": "baseline", "description?": null}],
  "git": {"active_branch?": "develop", "commit_hash?": "29ea5f511668248ea7ffe229c0f09992aaa6b382"},
  "created": "2026-11-22T02:03:51.533349+00:00", "updated": "2026-11-22T02:03:51.533349+00:00",
  "_links": {"self": "http://127.0.0.1:8080/maisie/api/v1/models/1/",
             "user": "http://127.0.0.1:8080/maisie/api/v1/users/1/",
             "project": "http://127.0.0.1:8080/maisie/api/v1/projects/1/",
             "download": "http://127.0.0.1:8080/maisie/storage/download/1/"}},
"Tag": {"id": 1, "name": "baseline", "description?": null, "models": []},
"Version": {"version": 1, "model_id": 1, "name?": "lenet",
  "user?": {"id": 1, "login": "admin", "full_name?": "Ada Admin"}, "visibility": "public",
  "stages": ["production"], "created": "2026-11-22T02:03:51.533349+00:00",
  "_links": {"model": "http://127.0.0.1:8080/maisie/api/v1/models/1/"}},
"Lineage": {"model_id": 1, "project_id": 1, "name?": "lenet", "version?": 1,
  "user?": {"id": 1, "login": "admin", "full_name?": "Ada Admin"}, "job_id?": null,
  "pipeline": {"name?": null, "sha256?": null},
  "dataset": {"name?": "mnist", "description?": null, "uri?": null, "sha256?": null},
  "git": {"active_branch?": "develop", "commit_hash?": "29ea5f511668248ea7ffe229c0f09992aaa6b382"},
  "file": {"sha256?": "a2c4c8a4b1b1bd1a1fbdab6b0f9ae9a9d0a5e6f3d1d8a7b6c5d4e3f2a1b0c9d8", "bytes?": 7},
  "created": "2026-11-22T02:03:51.533349+00:00",
  "_links": {"model": "http://127.0.0.1:8080/maisie/api/v1/models/1/",
             "project": "http://127.0.0.1:8080/maisie/api/v1/projects/1/"}},
"Stage": {"project_id": 1, "name": "lenet", "stage": "production", "model_id?": 1, "version?": 1,
  "promotion_id": 1, "action": "promote", "user?": {"id": 1, "login": "admin", "full_name?": "Ada Admin"},
  "comment?": "passed the week", "since": "2026-11-22T02:03:51.533349+00:00",
  "_links": {"model?": "http://127.0.0.1:8080/maisie/api/v1/models/1/",
             "project": "http://127.0.0.1:8080/maisie/api/v1/projects/1/"}},
"Promotion": {"id": 1, "project_id": 1, "name": "lenet", "stage": "production", "action": "promote",
  "model_id?": 1, "version?": 1, "below?": null,
  "user?": {"id": 1, "login": "admin", "full_name?": "Ada Admin"}, "comment?": "passed the week",
  "created": "2026-11-22T02:03:51.533349+00:00",
  "_links": {"model?": "http://127.0.0.1:8080/maisie/api/v1/models/1/",
             "project": "http://127.0.0.1:8080/maisie/api/v1/projects/1/"}},
"Comparison": {"models": [{"id": 1, "project_id": 1, "name?": "lenet", "version?": 1}],
  "rows": [{"group": "metrics", "key": "acc", "values": [0.98, 0.97], "differs": true}]},
"Session": {"access_token": "eyJ0eXAiOiJKV1QiLCJhbGciOiJIUzI1NiJ9.e30.c2ln", "valid_for": 900.0,
  "user": {"id": 1, "login": "admin", "full_name?": "Ada Admin", "email?": "ada@example.org"}},
"Pagination": {"has_next": false, "has_prev": false, "page": 1, "per_page": 20, "total_pages": 1, "total_items": 1}})";

constexpr std::array<std::string_view, 3> kFree{"hyperparameters", "parameters", "metrics"};
constexpr std::array<std::string_view, 3> kDates{"created", "updated", "since"};
constexpr std::array<std::string_view, 5> kIntegers{"version", "job_id", "model_id", "below",
                                                    "bytes"};

bool is_among(const auto& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

// "name?" is a member that may be null.
struct MemberName {
  std::string_view name;
  bool is_nullable;

  explicit MemberName(std::string_view written)
      : name{written.substr(0, written.find('?'))}, is_nullable{name.size() < written.size()} {}
};

Json schema_of_example(const MemberName& member, const Json& example);

Json object_schema(const Json& example) {
  Json properties = Json::object(), required = Json::array();
  for (const auto& [written, value] : example.items()) {
    const MemberName member{written};
    properties[std::string{member.name}] = schema_of_example(member, value);
    required.push_back(member.name);
  }
  return {
      {"type", "object"}, {"properties", std::move(properties)}, {"required", std::move(required)}};
}

Json list_schema(std::string_view name, const Json& example) {
  Json items = Json::object();  // anything
  if (example.empty()) {
    items = {{"$ref", "Model"}};
  } else if (name != "values") {
    items = schema_of_example(MemberName{""}, example.front());
  }
  return {{"type", "array"}, {"items", std::move(items)}};
}

std::string_view type_of(std::string_view name, const Json& example) {
  if (example.is_boolean()) return "boolean";
  if (example.is_number_float()) return "number";
  if (example.is_number() || is_among(kIntegers, name)) return "integer";
  return "string";
}

Json schema_of_example(const MemberName& member, const Json& example) {
  if (is_among(kFree, member.name)) return {{"type", "object"}};
  if (example.is_array()) return list_schema(member.name, example);
  auto schema =
      example.is_object() ? object_schema(example) : Json{{"type", type_of(member.name, example)}};
  if (is_among(kDates, member.name)) schema["format"] = "date-time";
  if (member.is_nullable) schema["type"] = Json::array({schema["type"], "null"});
  return schema;
}

// The value as a reply has it.
Json plain(const Json& example) {
  if (example.is_array()) {
    Json items = Json::array();
    for (const auto& item : example) items.push_back(plain(item));
    return items;
  }
  if (!example.is_object()) return example;
  Json members = Json::object();
  for (const auto& [written, value] : example.items())
    members[std::string{MemberName{written}.name}] = plain(value);
  return members;
}

// In a list some members are left out.
Json read_examples() {
  auto examples = api::read_own(kExamples).value_or(Json::object());
  auto model = examples["Model"];
  for (const auto name : kFree) model.erase(std::string{name});
  examples["ListedModel"] = std::move(model);
  auto tag = examples["Tag"];
  tag.erase("models");
  examples["ListedTag"] = std::move(tag);
  return examples;
}

const Json& examples() {
  static const Json kRead = read_examples();
  return kRead;
}

Json example_of(std::string_view schema) { return plain(examples().at(std::string{schema})); }

Json good(std::string_view doc, Json schema, Json example) {
  return {{"200", {{"doc", doc}, {"schema", std::move(schema)}, {"example", std::move(example)}}}};
}

}  // namespace

Json reply_schemas() {
  Json schemas = Json::object();
  for (const auto& [name, example] : examples().items()) schemas[name] = object_schema(example);
  return schemas;
}

Json shows_one(std::string_view schema) {
  const Json shown{{"type", "object"},
                   {"required", Json::array({"data"})},
                   {"properties", {{"data", {{"$ref", std::string{schema}}}}}}};
  return good("OK", shown, {{"data", example_of(schema)}});
}

Json shows_page(std::string_view schema) {
  const Json shown{{"type", "object"},
                   {"required", Json::array({"data", "pagination"})},
                   {"properties",
                    {{"data", {{"type", "array"}, {"items", {{"$ref", std::string{schema}}}}}},
                     {"pagination", {{"$ref", "Pagination"}}}}}};
  return good(
      "A page of the list", shown,
      {{"data", Json::array({example_of(schema)})}, {"pagination", example_of("Pagination")}});
}

Json shows_success() {
  const Json shown{{"type", "object"},
                   {"required", Json::array({"status"})},
                   {"properties", {{"status", {{"type", "string"}}}}}};
  return good("It is gone", shown, {{"status", "success"}});
}

Json refusal_schema() {
  const Json texts{{"type", "object"}, {"additionalProperties", {{"type", "string"}}}};
  return {{"type", "object"},
          {"properties",
           {{"message",
             {{"description", "what is wrong, or that by the name of each field"},
              {"oneOf", Json::array({Json{{"type", "string"}}, texts})}}},
            {"error",
             {{"type", "string"},
              {"description", "of a sign-in its kind; which thing is named that is not there"}}},
            {"status_code", {{"type", "integer"}}}}}};
}

}  // namespace millrace::maisie
