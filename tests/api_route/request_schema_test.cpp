#include "api/route/request_schema.hpp"

#include <catch2/catch.hpp>

using namespace millrace;
using api::RequestSchema;

namespace {

RequestSchema schema(std::string_view text) {
  auto read = RequestSchema::read(text);
  REQUIRE(read.ok());
  return *std::move(read);
}

/// The faults as "kind pointer", in order.
std::vector<std::string> faults(const RequestSchema& schema, const http::Request& request) {
  std::vector<std::string> listed;
  for (const auto& fault : schema.check(request))
    listed.push_back(fault.kind + " " + fault.pointer);
  return listed;
}

using List = std::vector<std::string>;

}  // namespace

TEST_CASE("values of path and query are read as the type that is declared", "[route][schema]") {
  const auto checked = schema(R"({
    "path": {"id": {"type": "integer", "minimum": 1}},
    "query": {"limit": {"type": "integer", "minimum": 1, "maximum": 5}, "rate": {"type": "number"},
              "all": {"type": "boolean"}, "state": {"type": "string", "enum": ["queued", "running"]},
              "token": {"type": "string", "mandatory": true, "pattern": "^[a-f]+$"}}})");
  http::Request good;
  good.path_values = {{"id", "7"}};
  good.query = {{"limit", "5"},      {"rate", "0.5"},  {"all", "true"},
                {"state", "queued"}, {"token", "abc"}, {"other", "x"}};
  CHECK(checked.check(good).empty());

  http::Request bad;
  bad.path_values = {{"id", "0"}};
  bad.query = {{"limit", "6"}, {"limit", "1"}, {"rate", "x"}, {"all", "yes"}, {"state", "runing"}};
  CHECK(faults(checked, bad) == List{"parameter_range /path/id", "parameter_range /query/limit",
                                     "parameter_type /query/rate", "parameter_type /query/all",
                                     "parameter_enum /query/state",
                                     "parameter_missing /query/token"});
  for (const auto* number : {"", "1x", "1.5", " 1", "99999999999999999999"}) {
    http::Request odd;
    odd.path_values = {{"id", number}};
    odd.query = {{"token", "a"}};
    CHECK(checked.check(odd).size() == 1);
  }
}

TEST_CASE("every fault of a body is reported, with a pointer into the body", "[route][schema]") {
  const auto checked =
      schema(R"({"body": {"type": "object", "required": ["name", "ops"], "properties": {
    "name": {"type": "string", "minLength": 1, "maxLength": 3},
    "ops": {"type": "array", "minItems": 1, "items": {"type": "object", "required": ["x"],
      "properties": {"x": {"type": "number", "maximum": 1}}}},
    "free": {"type": "object"}}}})");
  http::Request request;
  request.body =
      R"({"name": "long name", "ops": [{"x": 2}, {}, 5], "nmae": 1, "free": {"any": [1]}})";
  CHECK(faults(checked, request) == List{"parameter_range /name", "parameter_range /ops/0/x",
                                         "parameter_missing /ops/1/x", "parameter_type /ops/2",
                                         "parameter_unknown /nmae"});
  const auto unknown = checked.check(request).back();
  CHECK(unknown.message.find("did you mean \"name\"") != std::string::npos);
  request.body = R"({"name": "abc", "ops": [{"x": 1}]})";
  CHECK(checked.check(request).empty());
}

TEST_CASE("a body that is not JSON is one fault that says where", "[route][schema]") {
  const auto checked = schema(R"({"body": {"type": "object"}})");
  http::Request request;
  for (const auto* body : {"{", "{\"a\": 1,}", "\xff", "{\"a\":1,\"a\":2}"}) {
    request.body = body;
    CHECK(faults(checked, request) == List{"json "});
  }
  request.body = "[]";
  CHECK(faults(checked, request) == List{"parameter_type "});
}

TEST_CASE("a body may be absent unless it is mandatory", "[route][schema]") {
  CHECK(schema(R"({"body": {"type": "object"}})").check({}).empty());
  CHECK(faults(schema(R"({"body": {"type": "object", "mandatory": true}})"), {}) ==
        List{"parameter_missing "});
}

TEST_CASE("a body of another media type is not looked into", "[route][schema]") {
  http::Request request;
  request.body = "not json";
  CHECK(schema(R"({"body": {"type": "string"}, "type": "multipart/form-data"})")
            .check(request)
            .empty());
}

TEST_CASE("a schema that is wrong is refused when the server starts", "[route][schema]") {
  for (const auto* text :
       {"", "[]", R"({"quary": {}})", R"({"query": {"a": {"type": "text"}}})",
        R"({"body": {"type": "object", "minimum": 1}})", R"({"path": {"id": 1}})"})
    CHECK_FALSE(RequestSchema::read(text).ok());
  CHECK(RequestSchema::read("{}").ok());
}
