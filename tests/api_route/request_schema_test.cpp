#include "api/route/request_schema.hpp"

#include "tests/api_route/read_parameters.hpp"

using namespace millrace;
using namespace millrace::test;
using api::RequestSchema;

namespace {

using List = std::vector<std::string>;

}  // namespace

TEST_CASE("values of path, query and header are read as the type that is declared",
          "[route][schema]") {
  const auto declared = schema(R"({
    "path": {"id": {"type": "integer", "minimum": 1}},
    "query": {"limit": {"type": "integer", "minimum": 1, "maximum": 5}, "rate": {"type": "number"},
              "all": {"type": "boolean"}, "state": {"type": "string", "enum": ["queued", "running"]},
              "token": {"type": "string", "mandatory": true, "pattern": "^[a-f]+$"}},
    "header": {"X-Size": {"type": "integer", "maximum": 9}}})");
  http::Request good;
  good.path_values = {{"id", "7"}};
  good.query = {{"limit", "5"},      {"rate", "0.5"},  {"all", "true"},
                {"state", "queued"}, {"token", "abc"}, {"other", "x"}};
  good.headers.add("x-size", "9");
  CHECK(
      read(declared, good).values ==
      Json::parse(
          R"({"id":7,"limit":5,"rate":0.5,"all":true,"state":"queued","token":"abc","X-Size":9})"));

  http::Request bad;
  bad.path_values = {{"id", "0"}};
  bad.query = {{"limit", "6"}, {"limit", "1"}, {"rate", "x"}, {"all", "yes"}, {"state", "runing"}};
  bad.headers.add("X-Size", "10");
  CHECK(read(declared, bad).faults ==
        List{"path/id parameter_range", "query/limit parameter_range", "query/rate parameter_type",
             "query/all parameter_type", "query/state parameter_enum",
             "query/token parameter_missing", "header/X-Size parameter_range"});
  for (const auto* number : {"", "1x", "1.5", " 1", "99999999999999999999"}) {
    http::Request odd;
    odd.path_values = {{"id", number}};
    odd.query = {{"token", "a"}};
    CHECK(read(declared, odd).faults == List{"path/id parameter_type"});
  }
}

TEST_CASE("a text that is not UTF-8 is no value", "[route][schema]") {
  const auto declared = schema(R"({
    "path": {"id": {"type": "string"}},
    "query": {"queue": {"type": "string"}, "tags": {"type": "array", "items": {"type": "string"}}},
    "header": {"X-Name": {"type": "string"}}, "fields": {"field": {"type": "string"}}})");
  for (const auto* text : {"\xff", "a\xc0\x80", "\xed\xa0\x80", "caf\xe9"}) {
    auto request = form_body(fmt::format("field={}", text));
    request.path_values = {{"id", text}};
    request.query = {{"queue", text}, {"tags", "good"}, {"tags", text}};
    request.headers.add("X-Name", text);
    CHECK(read(declared, request).faults ==
          List{"path/id parameter_type", "query/queue parameter_type", "query/tags parameter_type",
               "header/X-Name parameter_type", "form/field parameter_type"});
  }
}

TEST_CASE("a value of a place stands there and nowhere else", "[route][schema]") {
  const auto declared = schema(
      R"({"query": {"q": {"type": "string"}}, "header": {"h": {"type": "string"}}, "fields": {"f": {"type": "string"}}})");
  auto request = json_body(R"({"q": "body", "h": "body", "f": "body"})");
  request.query = {{"h", "query"}};
  request.headers.add("q", "header");
  CHECK(read(declared, request).values == Json{{"f", "body"}});
}

TEST_CASE("defaults are filled in, and are checked like what was given", "[route][schema]") {
  const auto declared = schema(R"({
    "query": {"limit": {"type": "integer", "default": 10, "maximum": 20}},
    "header": {"X-Mode": {"type": "string", "default": "fast"}},
    "fields": {"on": {"type": "boolean", "default": false}, "none": {"type": "string"}}})");
  CHECK(read(declared, {}).values == Json::parse(R"({"limit":10,"X-Mode":"fast","on":false})"));
  http::Request request;
  request.query = {{"limit", "20"}, {"on", "true"}};
  request.headers.add("X-Mode", "slow");
  CHECK(read(declared, request).values == Json::parse(R"({"limit":20,"X-Mode":"slow","on":true})"));
  // Null is absent, so that the default counts.
  CHECK(read(declared, json_body(R"({"on": null})")).values["on"] == false);
  CHECK_FALSE(
      RequestSchema::read(R"({"query": {"a": {"type": "integer", "default": 9, "maximum": 5}}})")
          .ok());
}

TEST_CASE("every fault of a body is reported, with a pointer into the body", "[route][schema]") {
  const auto declared =
      schema(R"({"body": {"type": "object", "required": ["name", "ops"], "properties": {
    "name": {"type": "string", "minLength": 1, "maxLength": 3},
    "ops": {"type": "array", "minItems": 1, "items": {"type": "object", "required": ["x"],
      "properties": {"x": {"type": "number", "maximum": 1}}}},
    "free": {"type": "object"}}}})");
  http::Request request;
  request.body =
      R"({"name": "long name", "ops": [{"x": 2}, {}, 5], "nmae": 1, "free": {"any": [1]}})";
  const auto refused = read(declared, request);
  CHECK(refused.code == "schema");
  CHECK(refused.faults == List{"body/name parameter_range", "body/ops/0/x parameter_range",
                               "body/ops/1/x parameter_missing", "body/ops/2 parameter_type",
                               "body/nmae parameter_unknown"});
  CHECK(refused.texts.back().find("did you mean \"name\"") != std::string::npos);
  std::vector<std::string> pointers;
  for (const auto& fault : declared.check_body(Json::parse(request.body)))
    pointers.push_back(pointer_of(fault));
  CHECK(pointers == List{"/name", "/ops/0/x", "/ops/1/x", "/ops/2", "/nmae"});
  request.body = R"({"name": "abc", "ops": [{"x": 1}]})";
  CHECK(read(declared, request).values["body"] == Json::parse(request.body));
  CHECK(declared.check_body(Json::parse(request.body)).empty());
}

TEST_CASE("a body that is not JSON is refused with where", "[route][schema]") {
  const auto declared = schema(R"({"body": {"type": "object"}})");
  http::Request request;
  for (const auto* body : {"{", "{\"a\": 1,}", "\xff", "{\"a\":1,\"a\":2}"}) {
    request.body = body;
    const auto refused = declared.values(request, {});
    REQUIRE_FALSE(refused.ok());
    CHECK(refused.error().code == "json");
    CHECK(refused.error().status == 400);
    CHECK(refused.error().error.message.find("line 1, column") != std::string::npos);
  }
  request.body = "[]";
  CHECK(read(declared, request).faults == List{"body parameter_type"});
}

TEST_CASE("a body may be absent unless it is mandatory", "[route][schema]") {
  CHECK(read(R"({"body": {"type": "object"}})", {}).values.empty());
  const auto declared = schema(R"({"body": {"type": "object", "mandatory": true}})");
  CHECK(read(declared, {}).faults == List{"body parameter_missing"});
  api::Reading reading;
  reading.missing = "is needed";
  const auto refused = read(declared, {}, reading);
  CHECK(refused.faults == List{"body parameter_missing"});
  CHECK(refused.texts == List{"is needed"});
}

TEST_CASE("a body that may be anything is left to its route", "[route][schema]") {
  const auto declared = schema(R"({"body": {"type": "any", "mandatory": true, "shown": {}}})");
  for (const auto* body : {"[1]", "7", "\"x\"", R"({"a":18446744073709551615})"}) {
    http::Request request;
    request.body = body;
    CHECK(read(declared, request).values["body"] == Json::parse(body));
  }
  for (const auto* body : {"", "null"}) {
    http::Request request;
    request.body = body;
    CHECK(read(declared, request).faults == List{"body parameter_missing"});
  }
}

TEST_CASE("a body of another media type is not looked into", "[route][schema]") {
  http::Request request;
  request.body = "not json";
  CHECK(read(R"({"body": {"type": "string"}, "type": "text/plain"})", request).values.empty());
}

TEST_CASE("a route takes values out that are large", "[route][schema]") {
  const auto declared = schema(R"({"body": {"type": "array"}})");
  http::Request request;
  request.body = "[1,2]";
  auto values = declared.values(request, {});
  REQUIRE(values.ok());
  CHECK(values->list("body")->size() == 2);
  CHECK(values->take("body") == Json::parse("[1,2]"));
  CHECK(values->take("other").is_null());
}

TEST_CASE("a schema that is wrong is refused when the server starts", "[route][schema]") {
  for (const auto* text :
       {"", "[]", R"({"quary": {}})", R"({"query": {"a": {"type": "text"}}})",
        R"({"body": {"type": "object", "minimum": 1}})", R"({"path": {"id": 1}})", R"({"file": 1})",
        R"({"file": {"a": 1}})", R"({"query": {"a": {"also": "b"}}})",
        R"({"query": {"a": {"also": [1]}}})",
        R"({"query": {"a": {"type": "string", "commas": true}}})",
        R"({"body": {"type": "object"}, "fields": {"a": {"type": "string"}}})"}) {
    INFO(text);
    CHECK_FALSE(RequestSchema::read(text).ok());
  }
  CHECK(RequestSchema::read("{}").ok());
}

TEST_CASE("a schema knows the names that it declares", "[route][schema]") {
  const auto declared = schema(
      R"({"path": {"a": {"type": "string"}}, "header": {"b": {"type": "string"}}, "fields": {"c": {"type": "string"}}, "file": {"d": {}}})");
  for (const auto* name : {"a", "b", "c"}) CHECK(declared.declares(name));
  for (const auto* name : {"d", "body", ""}) CHECK_FALSE(declared.declares(name));
}
