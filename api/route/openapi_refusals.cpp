#include "api/route/openapi_refusals.hpp"

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "api/http/response_head.hpp"
#include "api/route/json_text.hpp"
#include "api/route/refusals.hpp"

namespace millrace::api {

namespace {

struct RefusalKind {
  std::string_view doc;
  Refusal refusal;
};

/// The first of the parameters that are declared, if there is one, as one that is not there.
std::vector<RequestFault> some_fault(const RequestSchema& schema, const Reading& reading) {
  using Member = std::pair<const char*, Place>;
  for (const auto& [member, place] :
       {Member{"fields", reading.order.front()}, Member{"body", Place::Body},
        Member{"query", Place::Query}, Member{"header", Place::Header},
        Member{"path", Place::Path}}) {
    const auto declared = schema.document().find(member);
    if (declared == schema.document().end() || declared->empty()) continue;
    const bool is_body = std::string_view{member} == "body";
    const std::string name = is_body ? "" : "/" + declared->items().begin().key();
    const auto said = is_body ? Json{} : declared->front().value("missing", Json{});
    const auto usual = reading.missing.empty() ? std::string{"must be given"} : reading.missing;
    return {{.place = place,
             .path = name,
             .code = "parameter_missing",
             .text = said.is_string() ? said.get<std::string>() : usual}};
  }
  return {};
}

std::vector<RefusalKind> kinds_of(const Dialect& dialect, const Route& route,
                                  const RequestSchema& schema) {
  std::vector<RefusalKind> kinds;
  const bool has_body = takes_body(route, schema);
  if (auto faults = some_fault(schema, dialect.reading); !faults.empty())
    kinds.push_back({"A parameter does not fit what is declared.", refusal(std::move(faults))});
  if (has_body) {
    kinds.push_back(
        {"The body cannot be read.", refusal(Code::DataInvalid, "json", "body is not valid JSON")});
    kinds.push_back({"The body is too large.", server_refusal(413, "the body is too large")});
  }
  kinds.push_back({"The request is malformed.", server_refusal(400, "the request is malformed")});
  if (demands_sign_in(dialect, route)) {
    kinds.push_back({"Nobody has signed in.",
                     dialect.authenticator->authenticate(http::Request{}, {}).error()});
  }
  if (route.path.find('{') != std::string::npos)
    kinds.push_back({"There is no such thing.", refusal(Code::NotFound, "", "no such thing")});
  if (!route.direct || has_body) {
    kinds.push_back({"The server has too much to do: try again.",
                     refusal(Code::Unavailable, "busy", "too many requests are waiting")});
  }
  return kinds;
}

// The body of a refusal and its type, where it has one. With another status than `status` it is not
// what will be said.
void add_content(const http::Response& worded, int status, const Json& schema, Json& response) {
  const auto* body = std::get_if<std::string>(&worded.body);
  const auto type = http::header_of(worded, "Content-Type");
  if (body == nullptr || body->empty() || type.empty()) return;
  auto& content = response["content"][std::string{type.substr(0, type.find(';'))}];
  auto example = read_own(*body);
  if (!example.ok()) {
    content["schema"] = {{"type", "string"}};
    return;
  }
  content["schema"] = schema;
  if (worded.status == status) content["example"] = *std::move(example);
}

Json body_schema(const Dialect& dialect, const OpenApiSchemas& schemas) {
  if (dialect.refusal_schema.contains("$ref")) return schemas.shown(dialect.refusal_schema);
  return schemas.reference(kRefusalSchema);
}

}  // namespace

bool demands_sign_in(const Dialect& dialect, const Route& route) {
  return route.auth == Auth::Required && dialect.authenticator &&
         !dialect.authenticator->authenticate(http::Request{}, {}).ok();
}

bool takes_body(const Route& route, const RequestSchema& schema) {
  using http::Method;
  const auto& document = schema.document();
  for (const auto* member : {"body", "type", "file", "named"})
    if (document.contains(member)) return true;
  const bool may =
      route.method == Method::Post || route.method == Method::Put || route.method == Method::Patch;
  return may && document.contains("fields");
}

void add_refusals(const Dialect& dialect, const Route& route, const RequestSchema& schema,
                  const OpenApiSchemas& schemas, Json& responses) {
  const http::Request request;
  const auto body = body_schema(dialect, schemas);
  for (auto& [word, response] : responses.items()) {
    const int status = std::stoi(word);
    if (status < 400 || response.contains("content")) continue;
    const auto refused = server_refusal(status, response["description"].get<std::string>());
    add_content(dialect.refuse(refused, request), status, body, response);
  }
  const auto& shown = dialect.shown_refusals;
  for (const auto& kind : kinds_of(dialect, route, schema)) {
    const auto worded = dialect.refuse(kind.refusal, request);
    const auto status = std::to_string(worded.status);
    const bool is_shown =
        shown.empty() || std::find(shown.begin(), shown.end(), worded.status) != shown.end();
    if (!is_shown || responses.contains(status)) continue;
    Json response{{"description", kind.doc}};
    add_content(worded, worded.status, body, response);
    responses[status] = std::move(response);
  }
}

}  // namespace millrace::api
