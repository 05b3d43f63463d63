#include "api/route/openapi.hpp"

#include <deque>

#include <catch2/catch.hpp>

using namespace millrace;
using api::DocumentedDialect;
using api::Route;
using http::Method;

namespace {

class Door final : public api::Authenticator {
 public:
  explicit Door(In place = In::Head) : place_{place} {}

  [[nodiscard]] In stands_in() const override { return place_; }
  [[nodiscard]] std::string_view field() const override { return "token"; }
  Result<api::Caller, api::Refusal> authenticate(const http::Request& request,
                                                 std::string_view token) const override {
    if (request.headers.find("Authorization") || !token.empty()) return api::Caller{};
    return api::refusal(Code::Unauthenticated, "sign_in", "who are you?");
  }

 private:
  In place_;
};

http::Response refuse(const api::Refusal& refusal, const http::Request&) {
  const Json body{{"oh", refusal.error.message}, {"of", refusal.faults.size()}};
  return http::Response::json(api::status_of(refusal), body.dump());
}

/// A dialect whose document is looked at.
struct Sample {
  api::Dialect dialect;
  api::DocumentHead head{.title = "Sample API", .version = "1.2.3"};
  std::string prefix;

  Sample() {
    dialect.name = "sample";
    dialect.title = "Sample";
    dialect.version = "2";
    dialect.authenticator = std::make_shared<Door>();
    dialect.refuse = refuse;
  }

  void add(Method method, std::string path, std::string name, std::string schema,
           api::Auth auth = api::Auth::Open) {
    Route route{.method = method,
                .path = std::move(path),
                .name = std::move(name),
                .summary = "Do it",
                .auth = auth};
    route.schema = std::move(schema);
    dialect.routes.push_back(std::move(route));
  }

  [[nodiscard]] Json document() const {
    std::deque<api::RequestSchema> schemas;
    DocumentedDialect documented{dialect, prefix, {}};
    for (const auto& route : dialect.routes) {
      auto schema = api::RequestSchema::read(route.schema);
      REQUIRE(schema.ok());
      schemas.push_back(*std::move(schema));
      documented.schemas.push_back(&schemas.back());
    }
    return api::openapi_document(head, {documented}, {});
  }

  [[nodiscard]] Json operation(const char* method = "get") const {
    return document()["paths"].front()[method];
  }
};

Json json(const char* text) {
  auto parsed = parse_json(text);
  REQUIRE(parsed.ok());
  return *std::move(parsed);
}

}  // namespace

TEST_CASE("the document says what it is, who made it, where it is served and in how many parts",
          "[route][openapi]") {
  Sample sample;
  sample.prefix = "/sample";
  sample.dialect.schemas = json(R"({"Thing": {"type": "object"}})");
  sample.add(Method::Get, "/v1/things/{id:int}/", "get", "{}");
  OperatorInfo info;
  info.id = "filter.sample";
  info.doc = "Samples.";
  info.params = json(R"({"rate": {"type": "number", "maximum": 1, "unit": "share"}})");
  const auto schema = api::RequestSchema::read("{}");
  REQUIRE(schema.ok());
  sample.head.server = "/below";
  const auto document =
      api::openapi_document(sample.head, {{sample.dialect, "/sample", {&*schema}}}, {&info});
  CHECK(document["openapi"] == "3.1.0");
  CHECK(document["info"]["title"] == "Sample API");
  CHECK(document["info"]["version"] == "1.2.3");
  CHECK(document["info"]["license"]["name"] == "Apache-2.0");
  CHECK(document["info"].contains("contact"));
  CHECK(document["servers"] == json(R"([{"url": "/below"}])"));
  CHECK(document["tags"] == json(R"([{"name": "sample", "description": "Sample 2"}])"));
  CHECK(document["components"]["securitySchemes"]["sample"]["in"] == "header");
  const auto& schemas = document["components"]["schemas"];
  CHECK(schemas["filter.sample"]["properties"]["rate"]["x-unit"] == "share");
  CHECK(schemas.contains("sample.Thing"));
  CHECK(schemas.contains("sample.Refusal"));
  const auto& operation = document["paths"]["/sample/v1/things/{id}/"]["get"];
  CHECK(operation["operationId"] == "sample_get");
  CHECK(operation["summary"] == "Do it");
  CHECK(operation["tags"] == json(R"(["sample"])"));
}

TEST_CASE("every name in a path is a parameter, declared or not", "[route][openapi]") {
  Sample sample;
  sample.add(Method::Get, "/a/{id:int}/{name}/{known}", "get",
             R"({"path": {"known": {"type": "string", "doc": "a word", "example": "x"}}})");
  CHECK(sample.operation()["parameters"] == json(R"([
    {"name": "id", "in": "path", "required": true, "schema": {"type": "integer", "minimum": 0}, "example": 1},
    {"name": "name", "in": "path", "required": true, "schema": {"type": "string"}},
    {"name": "known", "in": "path", "description": "a word", "required": true, "schema": {"type": "string"}, "example": "x"}])"));
}

TEST_CASE("parameters of query and header are shown, and fields of what has no body",
          "[route][openapi]") {
  Sample sample;
  sample.add(Method::Get, "/a", "get", R"({
    "query": {"tag": {"type": "array", "items": {"type": "string"}, "also": ["tags"], "commas": true, "doc": "names"}},
    "fields": {"page": {"type": "integer", "default": 1}},
    "header": {"Idempotency-Key": {"type": "string", "mandatory": true, "maxLength": 9}}})");
  CHECK(sample.operation()["parameters"] == json(R"([
    {"name": "tag", "in": "query", "description": "names; also as tags", "required": false,
     "schema": {"type": "array", "items": {"type": "string"}}, "explode": false},
    {"name": "page", "in": "query", "required": false, "schema": {"type": "integer", "default": 1}},
    {"name": "Idempotency-Key", "in": "header", "required": true, "schema": {"type": "string", "maxLength": 9}}])"));
  CHECK_FALSE(sample.operation().contains("requestBody"));
}

TEST_CASE("fields are shown in each kind of body that the dialect reads", "[route][openapi]") {
  Sample sample;
  sample.add(Method::Post, "/a", "make", R"({"envelope": "payload", "fields": {
    "name": {"type": "string", "mandatory": true, "example": "n", "doc": "its name"},
    "info": {"type": "object", "example": {"a": 1}},
    "tags": {"type": "array", "commas": true, "items": {"type": "string"}, "example": ["x", "y"]}}})");
  auto body = sample.operation("post")["requestBody"];
  CHECK(body["required"] == true);
  CHECK(body["description"] == "Fields may stand in the query too.");
  REQUIRE(body["content"].size() == 2);
  const auto& whole = body["content"]["application/json"];
  CHECK(whole["schema"]["required"] == json(R"(["name"])"));
  CHECK(whole["schema"]["properties"]["name"] ==
        json(R"({"type": "string", "description": "its name"})"));
  CHECK(whole["schema"]["properties"]["info"]["type"] == "object");
  CHECK(whole["schema"]["properties"]["payload"]["type"] == "object");
  CHECK(whole["example"] == json(R"({"name": "n", "info": {"a": 1}, "tags": ["x", "y"]})"));
  const auto& form = body["content"]["application/x-www-form-urlencoded"];
  CHECK(form["example"] == json(R"({"name": "n", "info": "{\"a\":1}", "tags": "x,y"})"));
  CHECK(form["schema"]["properties"] == json(R"({
    "name": {"type": "string", "description": "its name", "examples": ["n"]},
    "info": {"type": "string", "format": "json", "examples": ["{\"a\":1}"]},
    "tags": {"type": "string", "examples": ["x,y"]},
    "payload": {"type": "string", "format": "json",
      "description": "an object, or one as a text, whose members go before the others"}})"));

  sample.head.openapi = "3.0.3";
  body = sample.operation("post")["requestBody"];
  CHECK(body["content"]["application/x-www-form-urlencoded"]["schema"]["properties"]["tags"] ==
        json(R"({"type": "string", "example": "x,y"})"));

  sample.dialect.reading.order = {api::Place::Body};
  body = sample.operation("post")["requestBody"];
  CHECK(body["content"].size() == 1);
  CHECK_FALSE(body.contains("description"));
}

TEST_CASE("a file is a binary part, and what may stand in its place leaves the other bodies",
          "[route][openapi]") {
  Sample sample;
  sample.add(Method::Post, "/a", "upload", R"({"fields": {"name": {"type": "string"}},
    "file": {"file": {"mandatory": true, "doc": "the model"}}})");
  auto body = sample.operation("post")["requestBody"];
  CHECK(body["required"] == true);
  REQUIRE(body["content"].size() == 1);
  const auto part = body["content"]["multipart/form-data"]["schema"];
  CHECK(part["properties"]["file"] ==
        json(R"({"type": "string", "format": "binary", "description": "the model"})"));
  CHECK(part["properties"].contains("name"));
  CHECK(part["required"] == json(R"(["file"])"));

  sample.dialect.routes[0].schema = R"({"fields": {"upload": {"type": "string", "example": "u"}},
    "file": {"file": {"mandatory": true, "instead": "upload"}}})";
  body = sample.operation("post")["requestBody"];
  CHECK(body["required"] == false);
  CHECK(body["content"].size() == 3);
  CHECK(body["content"].begin().key() == "multipart/form-data");
  CHECK_FALSE(body["content"]["multipart/form-data"].contains("example"));
  CHECK(body["content"]["application/json"]["example"] == json(R"({"upload": "u"})"));
}

TEST_CASE("a body as a whole is shown as declared, as it says, or as bytes", "[route][openapi]") {
  Sample sample;
  sample.dialect.schemas = json(R"({"Thing": {"type": "object"}})");
  const auto body = [&](const char* schema) {
    sample.dialect.routes.clear();
    sample.add(Method::Delete, "/a", "make", schema);
    return sample.operation("delete")["requestBody"];
  };
  CHECK(body(R"({"body": {"type": "object", "mandatory": true, "doc": "D", "example": {"a": 2},
    "properties": {"a": {"type": "integer"}}}})") == json(R"({"description": "D", "required": true,
    "content": {"application/json": {"schema": {"type": "object", "properties": {"a": {"type": "integer"}},
      "additionalProperties": false}, "example": {"a": 2}}}})"));
  CHECK(body(R"({"body": {"type": "any", "shown": {"oneOf": [{"$ref": "Thing"}]}}})")
            ["content"]["application/json"]["schema"] ==
        json(R"({"oneOf": [{"$ref": "#/components/schemas/Thing"}]})"));
  CHECK(body(R"({"type": "text/plain"})")["content"] ==
        json(R"({"text/plain": {"schema": {"type": "string", "format": "binary"}}})"));
}

TEST_CASE("answers are shown with headers, schemas and examples", "[route][openapi]") {
  Sample sample;
  sample.prefix = "/sample";
  sample.add(Method::Get, "/a", "get", R"({"responses": {
    "202": {"doc": "made", "schema": {"$ref": "Thing"}, "example": {"id": 1},
            "headers": {"Location": {"type": "string", "doc": "where it is"}}},
    "206": {"type": "application/octet-stream"}, "409": {"doc": "It is in use."}}})");
  const auto responses = sample.operation()["responses"];
  CHECK(responses["202"] == json(R"({"description": "made",
    "headers": {"Location": {"description": "where it is", "schema": {"type": "string"}}},
    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/sample.Thing"}, "example": {"id": 1}}}})"));
  CHECK(responses["206"]["content"] == json(R"({"application/octet-stream": {}})"));
  CHECK(responses["409"]["content"]["application/json"]["example"]["oh"] == "It is in use.");
  CHECK_FALSE(responses.contains("200"));
}

TEST_CASE("refusals follow from what a route is, in the words of its dialect", "[route][openapi]") {
  Sample sample;
  const auto statuses = [&] {
    std::vector<std::string> names;
    const auto operation = sample.operation("post");
    for (const auto& each : operation["responses"].items()) names.push_back(each.key());
    return names;
  };
  using Names = std::vector<std::string>;
  sample.add(Method::Post, "/a", "post", "{}");
  CHECK(statuses() == Names{"200", "400", "503"});
  sample.dialect.routes[0].direct = [](auto&&...) {};
  CHECK(statuses() == Names{"200", "400"});
  sample.dialect.routes.clear();
  sample.add(Method::Post, "/a/{id}", "post", R"({"fields": {"n": {"type": "string"}}})",
             api::Auth::Required);
  CHECK(statuses() == Names{"200", "400", "401", "404", "413", "503"});
  const auto responses = sample.operation("post")["responses"];
  CHECK(responses["401"] ==
        json(R"({"description": "Nobody has signed in.", "content": {"application/json": {
    "schema": {"$ref": "#/components/schemas/Refusal"}, "example": {"oh": "who are you?", "of": 0}}}})"));
  CHECK(responses["400"]["content"]["application/json"]["example"]["of"] == 1);
  CHECK(sample.document()["components"]["schemas"]["Refusal"] == sample.dialect.refusal_schema);

  sample.dialect.shown_refusals = {404, 422};
  CHECK(statuses() == Names{"200", "404"});
  sample.dialect.refusal_schema = json(R"({"$ref": "Error"})");
  CHECK(sample.operation("post")["responses"]["404"]["content"]["application/json"]["schema"] ==
        json(R"({"$ref": "#/components/schemas/Error"})"));
  CHECK_FALSE(sample.document()["components"]["schemas"].contains("Refusal"));
}

TEST_CASE("sign-in is demanded, offered, or none", "[route][openapi]") {
  Sample sample;
  sample.add(Method::Get, "/a", "get", "{}", api::Auth::Required);
  CHECK(sample.operation()["security"] == json(R"([{"sample": []}])"));
  sample.dialect.routes[0].auth = api::Auth::Optional;
  CHECK(sample.operation()["security"] == json(R"([{}, {"sample": []}])"));
  sample.dialect.routes[0].auth = api::Auth::Open;
  CHECK(sample.operation()["security"] == Json::array());
  SECTION("by a field it is a parameter like others") {
    sample.dialect.authenticator = std::make_shared<Door>(api::Authenticator::In::Fields);
    sample.dialect.routes[0].auth = api::Auth::Required;
    CHECK(sample.operation()["security"] == Json::array());
    CHECK(sample.operation()["responses"].contains("401"));
    CHECK(sample.document()["components"]["securitySchemes"].empty());
  }
}

TEST_CASE("a dialect alone has tags, operations and a version of its own", "[route][openapi]") {
  Sample sample;
  sample.head.openapi = "3.0.2";
  sample.dialect.schemas =
      json(R"({"Thing": {"type": ["string", "null"], "default": {"$ref": "x"}}})");
  sample.add(Method::Post, "/a", "make", R"({"body": {"type": "object", "properties": {
    "default": {"type": "number", "exclusiveMinimum": 0}}}})");
  sample.add(Method::Get, "/hidden", "hidden", "{}");
  sample.dialect.routes[0].operation = "make_a_post";
  sample.dialect.routes[0].tag = "things";
  sample.dialect.routes[1].is_documented = false;
  const auto document = sample.document();
  CHECK(document["openapi"] == "3.0.2");
  CHECK(document["tags"] == json(R"([{"name": "things"}])"));
  CHECK(document["paths"].size() == 1);
  const auto& operation = document["paths"]["/a"]["post"];
  CHECK(operation["operationId"] == "make_a_post");
  CHECK(operation["tags"] == json(R"(["things"])"));
  const auto& body = operation["requestBody"]["content"]["application/json"]["schema"];
  CHECK(body["properties"]["default"] ==
        json(R"({"type": "number", "exclusiveMinimum": true, "minimum": 0})"));
  CHECK(document["components"]["schemas"]["Thing"] ==
        json(R"({"type": "string", "default": {"$ref": "x"}, "nullable": true})"));
}
