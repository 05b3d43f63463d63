#include "api/route/openapi_operation.hpp"

#include <algorithm>
#include <map>
#include <utility>
#include <vector>

#include "api/http/status.hpp"
#include "api/route/openapi_refusals.hpp"

#include <fmt/format.h>

namespace millrace::api {

namespace {

constexpr std::string_view kNumberMark = ":int";
constexpr std::string_view kJsonType = "application/json";
constexpr std::string_view kFormType = "multipart/form-data";

// An empty object where there is none.
const Json& member_of(const Json& object, const char* name) {
  static const Json kNone = Json::object();
  const auto found = object.find(name);
  return found != object.end() ? *found : kNone;
}

bool looks_into(const Reading& reading, Place place) {
  return std::find(reading.order.begin(), reading.order.end(), place) != reading.order.end();
}

// Whether one text of a list holds several items.
bool has_commas(const Json& declaration) { return declaration.value("commas", false); }

// --- parameters ---

/// A name in a path, as the declaration that it has where its route gives none.
struct PathName {
  std::string name;
  Json declaration;
};

std::vector<PathName> names_in(std::string_view path) {
  std::vector<PathName> names;
  for (auto at = path.find('{'); at != std::string_view::npos; at = path.find('{', at + 1)) {
    auto name = path.substr(at + 1, path.find('}', at) - at - 1);
    if (name.ends_with(kNumberMark)) {
      name.remove_suffix(kNumberMark.size());
      names.push_back({std::string{name}, {{"type", "integer"}, {"minimum", 0}, {"example", 1}}});
    } else {
      names.push_back({std::string{name}, {{"type", "string"}}});
    }
  }
  return names;
}

// What a parameter is for, and what else it is called.
std::string doc_of(const Json& declaration) {
  auto doc = declaration.value("doc", std::string{});
  std::string others;
  for (const auto& name : member_of(declaration, "also"))
    others += fmt::format("{}{}", others.empty() ? "" : ", ", name.get<std::string>());
  if (!others.empty()) doc += fmt::format("{}also as {}", doc.empty() ? "" : "; ", others);
  return doc;
}

Json parameter_of(const std::string& name, const char* place, const Json& declaration,
                  const OpenApiSchemas& schemas) {
  Json parameter{{"name", name}, {"in", place}};
  if (auto doc = doc_of(declaration); !doc.empty()) parameter["description"] = std::move(doc);
  parameter["required"] =
      std::string_view{place} == "path" || declaration.value("mandatory", false);
  parameter["schema"] = schemas.of_declaration(declaration);
  parameter["schema"].erase("description");
  if (has_commas(declaration)) parameter["explode"] = false;
  if (const auto example = declaration.find("example"); example != declaration.end())
    parameter["example"] = *example;
  return parameter;
}

Json parameters_of(const Route& route, const RequestSchema& schema, const OpenApiSchemas& schemas) {
  const auto& document = schema.document();
  Json parameters = Json::array();
  const auto& declared = member_of(document, "path");
  for (const auto& [name, usual] : names_in(route.path)) {
    const auto own = declared.find(name);
    parameters.push_back(parameter_of(name, "path", own != declared.end() ? *own : usual, schemas));
  }
  const auto add = [&](const char* from, const char* place) {
    for (const auto& [name, declaration] : member_of(document, from).items())
      parameters.push_back(parameter_of(name, place, declaration, schemas));
  };
  add("query", "query");
  if (!takes_body(route, schema)) add("fields", "query");
  add("header", "header");
  return parameters;
}

// --- bodies ---

// A form has texts: an object is JSON in one, and so are the items of some lists.
Json in_form(const Json& declaration, Json schema) {
  const bool is_object = schema.value("type", "") == "object";
  if (!is_object && !has_commas(declaration)) return schema;
  Json text{{"type", "string"}};
  if (is_object) text["format"] = "json";
  if (const auto doc = schema.find("description"); doc != schema.end()) text["description"] = *doc;
  return text;
}

Json example_in_form(const Json& declaration, const Json& example) {
  if (example.is_object()) return example.dump();
  if (!has_commas(declaration)) return example;
  std::string text;
  for (const auto& item : example) {
    text += fmt::format("{}{}", text.empty() ? "" : ",",
                        item.is_string() ? item.get<std::string>() : item.dump());
  }
  return text;
}

bool is_needed(const Json& declaration) {
  return declaration.value("mandatory", false) && !declaration.contains("instead");
}

/// The fields of a route as one object: of a JSON body, or of a form. Tools that show a form look
/// for the example of a field in its own schema, others in the example of the whole.
class FieldsObject {
 public:
  FieldsObject(bool is_form, const OpenApiSchemas& schemas)
      : is_form_{is_form}, schemas_{schemas} {}

  void add(const std::string& name, const Json& declaration) {
    auto schema = schemas_.of_declaration(declaration);
    if (auto doc = doc_of(declaration); !doc.empty()) schema["description"] = std::move(doc);
    if (const auto format = declaration.find("format"); format != declaration.end())
      schema["format"] = *format;
    if (is_form_) schema = in_form(declaration, std::move(schema));
    if (const auto example = declaration.find("example"); example != declaration.end()) {
      example_[name] = is_form_ ? example_in_form(declaration, *example) : *example;
      if (is_form_) schemas_.add_example(schema, example_[name]);
    }
    put(name, std::move(schema), declaration);
  }

  void add_file(const std::string& name, const Json& declaration) {
    put(name,
        {{"type", "string"},
         {"format", "binary"},
         {"description", declaration.value("doc", "a file")}},
        declaration);
  }

  [[nodiscard]] Json media_type() const {
    Json schema{{"type", "object"}, {"properties", properties_}};
    if (!required_.empty()) schema["required"] = required_;
    Json media{{"schema", std::move(schema)}};
    if (!example_.empty()) media["example"] = example_;
    return media;
  }

 private:
  void put(const std::string& name, Json schema, const Json& declaration) {
    properties_[name] = std::move(schema);
    if (is_needed(declaration)) required_.push_back(name);
  }

  bool is_form_;
  const OpenApiSchemas& schemas_;
  Json properties_ = Json::object(), required_ = Json::array(), example_ = Json::object();
};

// Whether a field comes in the place of a file.
bool stands_for_file(const Json& document, const std::string& field) {
  const auto& files = member_of(document, "file");
  return std::any_of(files.begin(), files.end(),
                     [&](const Json& file) { return file.value("instead", "") == field; });
}

Json media_of_fields(const Json& document, std::string_view type, const OpenApiSchemas& schemas) {
  const bool is_json = type == kJsonType, has_files = type == kFormType;
  FieldsObject object{!is_json, schemas};
  for (const auto& [name, declaration] : member_of(document, "fields").items()) {
    auto shown = declaration;
    if (has_files && stands_for_file(document, name)) shown.erase("example");
    object.add(name, shown);
  }
  if (const auto envelope = document.value("envelope", std::string{}); !envelope.empty()) {
    object.add(envelope,
               {{"type", "object"},
                {"doc", "an object, or one as a text, whose members go before the others"}});
  }
  if (has_files)
    for (const auto& [name, declaration] : member_of(document, "file").items())
      object.add_file(name, declaration);
  return object.media_type();
}

bool any_is_needed(const Json& declarations) {
  return std::any_of(declarations.begin(), declarations.end(), is_needed);
}

Json body_of_fields(const Json& document, const Reading& reading, const OpenApiSchemas& schemas) {
  const auto& files = member_of(document, "file");
  const bool needs_file = any_is_needed(files);
  Json body;
  if (looks_into(reading, Place::Query)) body["description"] = "Fields may stand in the query too.";
  body["required"] =
      needs_file || reading.read_body != nullptr || any_is_needed(member_of(document, "fields"));
  auto& content = body["content"];
  const auto named = document.value("named", std::string{});
  const auto add = [&](std::string_view type) {
    content[std::string{type}] = named.empty() ? media_of_fields(document, type, schemas)
                                               : Json{{"schema", schemas.reference(named)}};
  };
  if (!files.empty()) add(kFormType);  // first, so it is what a page offers
  if (!needs_file && looks_into(reading, Place::Body)) add(kJsonType);
  if (!needs_file && looks_into(reading, Place::Form)) add("application/x-www-form-urlencoded");
  return body;
}

// A body that is declared as a whole, or not looked into.
Json whole_body(const Json& document, const OpenApiSchemas& schemas) {
  const auto& declaration = member_of(document, "body");
  Json media;
  if (const auto shown = declaration.find("shown"); shown != declaration.end()) {
    media["schema"] = schemas.shown(*shown);
  } else if (document.contains("type")) {
    media["schema"] = {{"type", "string"}, {"format", "binary"}};
  } else {
    media["schema"] = schemas.of_declaration(declaration);
    media["schema"].erase("description");
  }
  if (const auto example = declaration.find("example"); example != declaration.end())
    media["example"] = *example;
  Json body;
  if (const auto doc = declaration.find("doc"); doc != declaration.end())
    body["description"] = *doc;
  body["required"] = declaration.value("mandatory", false);
  body["content"][document.value("type", std::string{kJsonType})] = std::move(media);
  return body;
}

// --- answers ---

Json headers_of(const Json& response, const OpenApiSchemas& schemas) {
  Json headers = Json::object();
  for (const auto& [name, declaration] : member_of(response, "headers").items()) {
    auto schema = schemas.of_declaration(declaration);
    schema.erase("description");
    headers[name] = {{"description", declaration.value("doc", "")}, {"schema", std::move(schema)}};
  }
  return headers;
}

Json response_of(const std::string& status, const Json& declared, const OpenApiSchemas& schemas) {
  Json response{
      {"description", declared.value("doc", std::string{http::reason_phrase(std::stoi(status))})}};
  if (auto headers = headers_of(declared, schemas); !headers.empty())
    response["headers"] = std::move(headers);
  const auto schema = declared.find("schema");
  const auto example = declared.find("example");
  if (schema == declared.end() && example == declared.end() && !declared.contains("type"))
    return response;
  auto& media = response["content"][declared.value("type", std::string{kJsonType})];
  media = Json::object();
  if (schema != declared.end()) media["schema"] = schemas.shown(*schema);
  if (example != declared.end()) media["example"] = *example;
  return response;
}

Json responses_of(const Dialect& dialect, const Route& route, const RequestSchema& schema,
                  const OpenApiSchemas& schemas) {
  Json responses = Json::object();
  for (const auto& [status, declared] : member_of(schema.document(), "responses").items())
    responses[status] = response_of(status, declared, schemas);
  const bool has_good = std::any_of(responses.items().begin(), responses.items().end(),
                                    [](const auto& each) { return each.key() < "400"; });
  if (!has_good) {
    const bool is_job = route.lane == Lane::Queued;
    responses[is_job ? "202" : "200"] = {{"description", is_job ? "Accepted" : "OK"}};
  }
  add_refusals(dialect, route, schema, schemas, responses);
  std::map<std::string, Json> sorted;
  for (auto& [status, response] : responses.items()) sorted.emplace(status, std::move(response));
  return sorted;
}

// Who need not sign in, but may: {}.
Json security_of(const Dialect& dialect, const Route& route) {
  Json ways = Json::array();
  const bool is_by_scheme = dialect.authenticator && route.auth != Auth::Open &&
                            dialect.authenticator->stands_in() == Authenticator::In::Head;
  if (!is_by_scheme) return ways;
  if (!demands_sign_in(dialect, route)) ways.push_back(Json::object());
  ways.push_back({{dialect.name, Json::array()}});
  return ways;
}

}  // namespace

std::string documented_path(std::string_view path) {
  std::string plain{path};
  for (auto at = plain.find(kNumberMark); at != std::string::npos; at = plain.find(kNumberMark, at))
    plain.erase(at, kNumberMark.size());
  return plain;
}

std::optional<std::pair<std::string, Json>> openapi_named_fields(const RequestSchema& schema,
                                                                 const OpenApiSchemas& schemas) {
  auto name = schema.document().value("named", std::string{});
  if (name.empty()) return std::nullopt;
  auto object = media_of_fields(schema.document(), kJsonType, schemas)["schema"];
  object["title"] = name;
  return std::pair{std::move(name), std::move(object)};
}

// "POST /v1/dataflows/mix" of atflow is "atflow_mix".
Json openapi_operation(const Dialect& dialect, const Route& route, const RequestSchema& schema,
                       const OpenApiSchemas& schemas) {
  const auto& document = schema.document();
  Json operation{
      {"operationId",
       route.operation.empty() ? fmt::format("{}_{}", dialect.name, route.name) : route.operation},
      {"summary", route.summary}};
  if (auto parameters = parameters_of(route, schema, schemas); !parameters.empty())
    operation["parameters"] = std::move(parameters);
  if (document.contains("body") || document.contains("type")) {
    operation["requestBody"] = whole_body(document, schemas);
  } else if (takes_body(route, schema)) {
    operation["requestBody"] = body_of_fields(document, dialect.reading, schemas);
  }
  operation["responses"] = responses_of(dialect, route, schema, schemas);
  operation["security"] = security_of(dialect, route);
  return operation;
}

}  // namespace millrace::api
