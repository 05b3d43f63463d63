#include "api/route/openapi.hpp"

#include <algorithm>
#include <cctype>

#include "api/route/openapi_operation.hpp"
#include "api/route/openapi_refusals.hpp"
#include "engine/base/ascii.hpp"
#include "engine/plugin/parameter_rules.hpp"

#include <fmt/format.h>

namespace millrace::api {

namespace {

/// The document while it grows.
class OpenApiDocument {
 public:
  explicit OpenApiDocument(const DocumentHead& head)
      : openapi_{head.openapi},
        json_{
            {"openapi", head.openapi},
            {"info",
             {{"title", head.title},
              {"version", head.version},
              {"contact", {{"name", "The authors of Millrace"}}},
              {"license",
               {{"name", "Apache-2.0"}, {"url", "https://www.apache.org/licenses/LICENSE-2.0"}}}}},
            {"servers", Json::array({Json{{"url", head.server}}})},
            {"tags", Json::array()},
            {"paths", Json::object()},
            {"components", {{"schemas", Json::object()}, {"securitySchemes", Json::object()}}}} {}

  void add(const DocumentedDialect& documented, bool is_alone) {
    const auto& dialect = documented.dialect;
    const OpenApiSchemas schemas{openapi_, documented.prefix.empty() ? "" : dialect.name + "."};
    if (signs_in_by_head(dialect))
      json_["components"]["securitySchemes"][dialect.name] = dialect.security_scheme;
    for (std::size_t i = 0; i < dialect.routes.size(); ++i) {
      const auto& route = dialect.routes[i];
      if (!route.is_documented) continue;
      const auto tag = is_alone && !route.tag.empty() ? route.tag : dialect.name;
      add_tag(tag, dialect);
      if (auto named = openapi_named_fields(*documented.schemas[i], schemas))
        json_["components"]["schemas"][schemas.name_of(named->first)] = std::move(named->second);
      auto operation = openapi_operation(dialect, route, *documented.schemas[i], schemas);
      operation["tags"] = Json::array({tag});
      json_["paths"][documented.prefix + documented_path(route.path)]
           [lower_case(http::to_string(route.method))] = std::move(operation);
    }
    for (const auto& [name, schema] : dialect.schemas.items())
      json_["components"]["schemas"][schemas.name_of(name)] = schemas.shown(schema);
    if (!dialect.refusal_schema.contains("$ref"))
      json_["components"]["schemas"][schemas.name_of(kRefusalSchema)] =
          schemas.shown(dialect.refusal_schema);
  }

  void add(const OperatorInfo& info) {
    const OpenApiSchemas schemas{openapi_, ""};
    auto schema = schemas.shown(openapi_schema(info.params));
    schema["title"] = info.id;
    schema["description"] = info.doc;
    json_["components"]["schemas"][info.id] = std::move(schema);
  }

  [[nodiscard]] Json take() && { return std::move(json_); }

 private:
  static bool signs_in_by_head(const Dialect& dialect) {
    return dialect.authenticator && dialect.authenticator->stands_in() == Authenticator::In::Head;
  }

  void add_tag(const std::string& name, const Dialect& dialect) {
    auto& tags = json_["tags"];
    const bool is_there =
        std::any_of(tags.begin(), tags.end(), [&](const Json& tag) { return tag["name"] == name; });
    if (is_there) return;
    Json tag{{"name", name}};
    if (name == dialect.name)
      tag["description"] = fmt::format("{} {}", dialect.title, dialect.version);
    tags.push_back(std::move(tag));
  }

  std::string openapi_;
  Json json_;
};

}  // namespace

Json openapi_document(const DocumentHead& head, const std::vector<DocumentedDialect>& dialects,
                      const std::vector<const OperatorInfo*>& operators) {
  OpenApiDocument document{head};
  for (const auto& dialect : dialects) document.add(dialect, dialects.size() == 1);
  for (const auto* info : operators) document.add(*info);
  return std::move(document).take();
}

}  // namespace millrace::api
