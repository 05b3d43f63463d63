#include "api/route/openapi.hpp"

#include <catch2/catch.hpp>

using namespace millrace;

namespace {

class Nobody final : public api::Authenticator {
 public:
  Result<api::Caller, api::Refusal> authenticate(const http::Request&,
                                                 std::string_view) const override {
    return api::Caller{};
  }
};

}  // namespace

TEST_CASE("the document shows every route with its parameters, body, answers and sign-in",
          "[route][openapi]") {
  api::Dialect dialect;
  dialect.name = "sample";
  dialect.title = "Sample";
  dialect.version = "2";
  dialect.authenticator = std::make_shared<Nobody>();
  api::Route open{.method = http::Method::Get,
                  .path = "/v1/things/{id}",
                  .name = "get",
                  .summary = "Get a thing",
                  .auth = api::Auth::Open};
  api::Route closed{.method = http::Method::Post,
                    .path = "/v1/things",
                    .name = "make",
                    .summary = "Make a thing"};
  dialect.routes = {open, closed};
  const auto get = api::RequestSchema::read(
      R"({"path": {"id": {"type": "integer", "minimum": 1, "doc": "number"}}, "query": {"deep": {"type": "boolean", "default": false}}})");
  const auto make = api::RequestSchema::read(
      R"({"body": {"type": "object", "mandatory": true, "required": ["name"], "properties": {"name": {"type": "string", "doc": "its name"}}},
          "responses": {"202": {"doc": "made", "schema": {"type": "object"}}, "404": {}}})");
  REQUIRE(get.ok());
  REQUIRE(make.ok());
  OperatorInfo info;
  info.id = "filter.sample";
  info.doc = "Samples.";
  info.params = Json::parse(R"({"rate": {"type": "number", "maximum": 1, "unit": "share"}})");

  const auto document =
      api::openapi_document({{dialect, "/sample", {&*get, &*make}}}, {&info}, "1.2.3");
  CHECK(document["openapi"] == "3.1.0");
  CHECK(document["info"]["version"] == "1.2.3");
  const auto& thing = document["paths"]["/sample/v1/things/{id}"]["get"];
  CHECK(thing["operationId"] == "sample_get");
  CHECK_FALSE(thing.contains("security"));
  CHECK(thing["parameters"] == Json::parse(R"([
    {"name": "id", "in": "path", "description": "number", "required": true, "schema": {"type": "integer", "minimum": 1}},
    {"name": "deep", "in": "query", "required": false, "schema": {"type": "boolean", "default": false}}])"));
  CHECK(thing["responses"] == Json::parse(R"({"200": {"description": "OK"}})"));
  const auto& made = document["paths"]["/sample/v1/things"]["post"];
  CHECK(made["security"] == Json::parse(R"([{"sample": []}])"));
  CHECK(made["requestBody"]["required"] == true);
  CHECK(made["requestBody"]["content"]["application/json"]["schema"]["properties"]["name"] ==
        Json::parse(R"({"type": "string", "description": "its name"})"));
  CHECK(made["responses"]["202"]["content"]["application/json"]["schema"]["type"] == "object");
  CHECK(made["responses"]["404"]["description"] == "Not Found");
  CHECK(document["components"]["securitySchemes"]["sample"]["in"] == "header");
  CHECK(document["components"]["schemas"]["filter.sample"]["properties"]["rate"]["x-unit"] ==
        "share");
}
