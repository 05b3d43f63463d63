#include "api/route/openapi.hpp"

#include <algorithm>
#include <cctype>

#include "api/http/status.hpp"
#include "engine/plugin/parameter_rules.hpp"

#include <fmt/format.h>

namespace millrace::api {

namespace {

/// The JSON Schema of one declaration: that of an object with the one member, without the object.
Json schema_of(const Json& declaration) {
  return openapi_schema(Json{{"value", declaration}})["properties"]["value"];
}

// "/models/{id:int}/" as "/models/{id}/".
std::string plain_path(std::string_view path) {
  constexpr std::string_view kNumber = ":int}";
  std::string plain{path};
  for (auto at = plain.find(kNumber); at != std::string::npos; at = plain.find(kNumber, at))
    plain.erase(at, kNumber.size() - 1);
  return plain;
}

void add_parameters(const Json& schema, const char* place, Json& operation) {
  const auto declared = schema.find(place);
  if (declared == schema.end()) return;
  for (const auto& [name, declaration] : declared->items()) {
    auto shown = schema_of(declaration);
    Json parameter{{"name", name}, {"in", place}};
    if (const auto text = shown.find("description"); text != shown.end()) {
      parameter["description"] = *text;
      shown.erase("description");
    }
    parameter["required"] =
        std::string_view{place} == "path" || declaration.value("mandatory", false);
    parameter["schema"] = std::move(shown);
    operation["parameters"].push_back(std::move(parameter));
  }
}

Json responses(const Json& schema) {
  Json made = Json::object();
  const auto declared = schema.find("responses");
  if (declared != schema.end()) {
    for (const auto& [status, response] : declared->items()) {
      Json shown{{"description",
                  response.value("doc", std::string{http::reason_phrase(std::stoi(status))})}};
      if (const auto body = response.find("schema"); body != response.end())
        shown["content"][response.value("type", "application/json")]["schema"] = *body;
      else if (response.contains("type"))
        shown["content"][response.value("type", "")] = Json::object();
      made[status] = std::move(shown);
    }
  }
  if (made.empty()) made["200"] = {{"description", "OK"}};
  return made;
}

/// "POST /v1/dataflows/mix" of atflow is "atflow_mix".
Json operation_of(const DocumentedDialect& documented, const Route& route, const Json& schema) {
  Json operation{{"operationId", fmt::format("{}_{}", documented.dialect.name, route.name)},
                 {"summary", route.summary},
                 {"tags", Json::array({documented.dialect.name})}};
  add_parameters(schema, "path", operation);
  add_parameters(schema, "query", operation);
  if (const auto body = schema.find("body"); body != schema.end()) {
    auto& request = operation["requestBody"];
    request["required"] = body->value("mandatory", false);
    request["content"][schema.value("type", "application/json")]["schema"] = schema_of(*body);
  }
  operation["responses"] = responses(schema);
  if (route.auth == Auth::Required && documented.dialect.authenticator)
    operation["security"] = Json::array({Json{{documented.dialect.name, Json::array()}}});
  return operation;
}

std::string lower(std::string_view word) {
  std::string text{word};
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

}  // namespace

Json openapi_document(const std::vector<DocumentedDialect>& dialects,
                      const std::vector<const OperatorInfo*>& operators, std::string_view version) {
  Json document{{"openapi", "3.1.0"},
                {"info", {{"title", "Millrace"}, {"version", version}}},
                {"servers", Json::array({Json{{"url", "/"}}})},
                {"tags", Json::array()},
                {"paths", Json::object()},
                {"components", {{"schemas", Json::object()}, {"securitySchemes", Json::object()}}}};
  for (const auto& documented : dialects) {
    const auto& dialect = documented.dialect;
    document["tags"].push_back(
        {{"name", dialect.name},
         {"description", fmt::format("{} {}", dialect.title, dialect.version)}});
    if (dialect.authenticator)
      document["components"]["securitySchemes"][dialect.name] = dialect.security_scheme;
    for (std::size_t i = 0; i < dialect.routes.size(); ++i) {
      const auto& route = dialect.routes[i];
      document["paths"][documented.prefix + plain_path(route.path)]
              [lower(http::to_string(route.method))] =
                  operation_of(documented, route, documented.schemas[i]->document());
    }
  }
  for (const auto* info : operators) {
    auto schema = openapi_schema(info->params);
    schema["title"] = info->id;
    schema["description"] = info->doc;
    document["components"]["schemas"][info->id] = std::move(schema);
  }
  return document;
}

}  // namespace millrace::api
