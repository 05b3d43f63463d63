// Where the fields of a request are looked for, and what they are read as.
#include "api/route/reading.hpp"

#include "api/route/json_text.hpp"
#include "tests/api_route/read_parameters.hpp"

#include <fmt/format.h>

using namespace millrace;
using namespace millrace::test;
using api::Reading;

namespace {

using List = std::vector<std::string>;

const Reading kStrict{};

Reading python() {
  Reading reading;
  reading.coerce = Reading::reqparse;
  reading.last_key_counts = true;
  return reading;
}

// One field of the type, read as reqparse reads it: the value as JSON text, "-" where it is absent,
// or "!" and what is wrong with it.
std::string read_field(const std::string& declaration, const http::Request& request) {
  const auto made = read(R"({"fields": {"x": )" + declaration + "}}", request, python());
  if (!made.texts.empty()) return "!" + made.texts.front();
  return made.values.contains("x") ? made.values["x"].dump() : "-";
}

std::string of_json(const std::string& declaration, const std::string& value) {
  return read_field(declaration, json_body(R"({"x": )" + value + "}"));
}

std::string of_form(const std::string& declaration, const std::string& value) {
  http::Request request = multipart(part("x", value));
  return read_field(declaration, request);
}

}  // namespace

TEST_CASE("the first place that has a field counts", "[route][reading]") {
  constexpr std::string_view kName = R"({"fields": {"name": {"type": "string"}}})";
  auto json = json_body(R"({"name": "body"})");
  auto form = form_body("name=form&name=second");
  auto parts = multipart(part("name", "parts") + part("name", "second"));
  const auto name = [&](const http::Request& request, std::vector<api::Place> order) {
    Reading reading;
    reading.order = std::move(order);
    return read(kName, request, reading).values.value("name", "");
  };
  const std::vector<api::Place> usual{api::Place::Body, api::Place::Query, api::Place::Form};
  CHECK(name(json, usual) == "body");
  CHECK(name(form, usual) == "form");
  CHECK(name(parts, usual) == "parts");
  for (auto* request : {&json, &form, &parts}) request->query = {{"name", "query"}, {"name", "2"}};
  CHECK(name(json, usual) == "body");
  CHECK(name(form, usual) == "query");
  CHECK(name(parts, usual) == "query");
  CHECK(name(json, {api::Place::Query, api::Place::Body}) == "query");
  CHECK(name(form, {api::Place::Form, api::Place::Query}) == "form");
  CHECK(name(json, {api::Place::Form}).empty());
  CHECK(name(form, {api::Place::Body}).empty());
}

TEST_CASE("a fault stands in the place where the field was found", "[route][reading]") {
  constexpr std::string_view kSize =
      R"({"fields": {"size": {"type": "integer", "mandatory": true, "maximum": 5}}})";
  http::Request query;
  query.query = {{"size", "6"}};
  CHECK(read(kSize, query).faults == List{"query/size parameter_range"});
  CHECK(read(kSize, json_body(R"({"size": 6})")).faults == List{"body/size parameter_range"});
  CHECK(read(kSize, json_body(R"({"size": "6"})")).faults == List{"body/size parameter_type"});
  CHECK(read(kSize, form_body("size=6")).faults == List{"form/size parameter_range"});
  CHECK(read(kSize, multipart(part("size", "x"))).faults == List{"form/size parameter_type"});
  // What is nowhere is missed in the place that is looked at first.
  CHECK(read(kSize, form_body("other=6")).faults == List{"body/size parameter_missing"});
  Reading form;
  form.order = {api::Place::Form};
  CHECK(read(kSize, {}, form).faults == List{"form/size parameter_missing"});
}

TEST_CASE("a body is a form, or JSON, whatever it calls itself", "[route][reading]") {
  constexpr std::string_view kName = R"({"fields": {"name": {"type": "string"}}})";
  const auto made = [&](const http::Request& request) { return read(kName, request); };
  CHECK(made(with_body("application/x-www-form-urlencoded", R"({"name": "x"})")).values["name"] ==
        "x");
  CHECK(made(with_body("text/plain", " {\"name\": \"x\"}")).values["name"] == "x");
  CHECK(made(with_body("Application/JSON; charset=utf-8", R"({"name": "x"})")).values["name"] ==
        "x");
  CHECK(made(json_body("")).values.empty());
  for (const auto* broken : {"{", "[1]", "7", "null", R"({"name": "a", "name": "b"})"})
    CHECK(made(json_body(broken)).code == "json");
  CHECK(made(form_body("name=%4")).code == "json");
  CHECK(made(with_body("multipart/form-data; boundary=b", "--b\r\n")).code == "json");
  CHECK(made(with_body("multipart/form-data", "--b--")).code == "json");
  // Files of a form are no fields.
  CHECK(made(multipart("--b\r\nContent-Disposition: form-data; name=\"name\"; "
                       "filename=\"a\"\r\n\r\nfile\r\n"))
            .values.empty());
}

TEST_CASE("a parameter goes by its other names too", "[route][reading]") {
  const auto declared = schema(R"({
    "query": {"projects": {"type": "array", "also": ["project"], "items": {"type": "integer"}},
              "order": {"type": "string", "also": ["sort"]}},
    "fields": {"login": {"type": "string", "also": ["email", "user"]}}})");
  auto request = json_body(R"({"user": "c", "email": "b"})");
  request.query = {{"project", "1"}, {"sort", "up"}, {"projects", "2"}, {"project", "3"}};
  CHECK(read(declared, request).values ==
        Json::parse(R"({"projects": [2, 1, 3], "order": "up", "login": "b"})"));
  request = json_body(R"({"user": "c", "login": "a"})");
  request.query = {{"sort", "up"}, {"order", "down"}};
  CHECK(read(declared, request).values == Json::parse(R"({"order": "down", "login": "a"})"));
}

TEST_CASE("a list takes all texts of its name, or the items between commas", "[route][reading]") {
  const auto declared = schema(R"({
    "query": {"id": {"type": "array", "items": {"type": "integer"}},
              "tag": {"type": "array", "items": {"type": "string"}, "commas": true}}})");
  http::Request request;
  request.query = {{"id", "1"}, {"id", "2"}, {"tag", "a,b\\,c"}, {"tag", "d"}};
  CHECK(read(declared, request).values ==
        Json::parse(R"({"id": [1, 2], "tag": ["a", "b,c", "d"]})"));
  request.query = {{"id", "1,2"}};
  CHECK(read(declared, request).faults == List{"query/id/0 parameter_type"});
  request.query = {{"id", "1"}, {"id", "x"}, {"id", "3"}};
  CHECK(read(declared, request).faults == List{"query/id/1 parameter_type"});
  const auto field =
      schema(R"({"fields": {"id": {"type": "array", "items": {"type": "integer"}}}})");
  CHECK(read(field, form_body("id=1&id=2")).values["id"] == Json{1, 2});
  CHECK(read(field, json_body(R"({"id": [1, 2]})")).values["id"] == Json{1, 2});
  CHECK(read(field, json_body(R"({"id": 1})")).faults == List{"body/id parameter_type"});
}

TEST_CASE("the members of an envelope go before all fields", "[route][reading]") {
  const auto declared = schema(
      R"({"envelope": "payload", "fields": {"a": {"type": "integer"}, "b": {"type": "integer"}}})");
  const auto values = [&](const http::Request& request, const Reading& reading = {}) {
    return read(declared, request, reading).values;
  };
  CHECK(values(json_body(R"({"payload": {"a": 1}, "a": 2, "b": 3})")) == Json{{"a", 1}, {"b", 3}});
  CHECK(values(json_body(R"({"payload": "{\"a\": 1}", "a": 2})")) == Json{{"a", 1}});
  CHECK(values(form_body("payload={\"a\":1}&a=2&b=3")) == Json{{"a", 1}, {"b", 3}});
  CHECK(values(json_body(R"({"payload": null, "a": 2})")) == Json{{"a", 2}});
  auto request = json_body(R"({"payload": {"a": 1}})");
  request.query = {{"a", "2"}, {"b", "3"}};
  Reading query_first;
  query_first.order = {api::Place::Query, api::Place::Body};
  CHECK(values(request, query_first) == Json{{"a", 1}, {"b", 3}});
  for (const auto* wrong : {"7", "[]", R"("{")", R"("[]")"})
    CHECK(read(declared, json_body(fmt::format(R"({{"payload": {}}})", wrong))).faults ==
          List{"body/payload parameter_type"});
  CHECK(read(declared, form_body("payload=x&a=y")).faults ==
        List{"form/payload parameter_type", "form/a parameter_type"});
}

TEST_CASE("what is missing is said in the words of the field, else of the dialect",
          "[route][reading]") {
  const auto declared = schema(R"({"fields": {
    "a": {"type": "string", "mandatory": true, "missing": "give a name"},
    "b": {"type": "string", "mandatory": true}}})");
  const auto plain = read(declared, {});
  CHECK(plain.texts.front() == "give a name");
  CHECK(plain.texts.back() == "\"b\" is missing; it must be a string");
  Reading worded;
  worded.missing = "Missing required parameter";
  CHECK(read(declared, {}, worded).texts == List{"give a name", "Missing required parameter"});
  // Null is as good as nothing where something must be.
  CHECK(read(declared, json_body(R"({"a": null, "b": "x"})")).faults ==
        List{"body/a parameter_missing"});
}

TEST_CASE("null is absent, a value, or refused", "[route][reading]") {
  const auto declared = schema(
      R"({"fields": {"a": {"type": "string"}, "b": {"type": "string", "nullable": false}}})");
  const auto a = json_body(R"({"a": null})"), b = json_body(R"({"b": null})");
  CHECK(read(declared, a, kStrict).values.empty());
  CHECK(read(declared, b, kStrict).faults == List{"body/b parameter_null"});
  CHECK(read(declared, a, python()).values == Json{{"a", nullptr}});
  CHECK(read(declared, b, python()).faults == List{"body/b parameter_null"});
}

TEST_CASE("all faults are told, or the first alone", "[route][reading]") {
  const auto declared = schema(R"({"path": {"id": {"type": "integer"}},
    "fields": {"a": {"type": "integer", "mandatory": true}, "b": {"type": "integer"}}})");
  auto request = json_body(R"({"b": "x"})");
  request.path_values = {{"id", "x"}};
  CHECK(read(declared, request).faults ==
        List{"path/id parameter_type", "body/a parameter_missing", "body/b parameter_type"});
  Reading first;
  first.tells_all = false;
  CHECK(read(declared, request, first).faults == List{"path/id parameter_type"});
}

TEST_CASE("a key that stands twice in a body is refused, or the last counts", "[route][reading]") {
  constexpr std::string_view kField = R"({"fields": {"a": {"type": "integer"}}})";
  constexpr std::string_view kBody = R"({"body": {"type": "object"}})";
  const auto twice = json_body(R"({"a": 1, "b": 2, "a": 3})");
  CHECK(read(kField, twice).code == "json");
  CHECK(read(kBody, twice).code == "json");
  CHECK(read(kField, twice, python()).values["a"] == 3);
  CHECK(read(kBody, twice, python()).values["body"].dump() == R"({"a":3,"b":2})");
}

TEST_CASE("a body has the limits of its route", "[route][reading][limits]") {
  constexpr std::string_view kAny = R"({"fields": {"a": {"type": "any"}}})";
  auto request = json_body(R"({"a": [1, 2, 3]})");
  request.values_max = 6;
  CHECK(read(kAny, request).values["a"] == Json{1, 2, 3});
  request.values_max = 5;
  CHECK(read(kAny, request).code == "json");

  auto form = form_body("x=1&y=2&a=3");
  form.values_max = 6;
  CHECK(read(kAny, form).values["a"] == "3");
  form.values_max = 5;
  CHECK(read(kAny, form).code == "json");
}

TEST_CASE("JSON of clients has limits of levels and names", "[route][reading][limits]") {
  constexpr std::string_view kAny = R"({"fields": {"a": {"type": "any"}}})";
  // Lists in each other, of which the innermost is empty.
  const auto lists = [](std::size_t levels) {
    return std::string(levels, '[') + std::string(levels, ']');
  };
  const auto named = [](std::size_t bytes) {
    return R"({")" + std::string(bytes, 'n') + R"(":1})";
  };
  const auto code = [&](const std::string& value) {
    return read(kAny, json_body(R"({"a": )" + value + "}")).code;
  };
  CHECK(code(lists(api::kMostLevels - 1)).empty());
  CHECK(code(lists(api::kMostLevels)) == "json");
  CHECK(code(named(api::kMostNameBytes)).empty());
  CHECK(code(named(api::kMostNameBytes + 1)) == "json");
  // JSON in a text has the same ones.
  const std::string object = R"({"type": "object"})";
  CHECK(of_form(object, R"({"a":)" + lists(api::kMostLevels - 1) + "}").starts_with("{"));
  CHECK(of_form(object, R"({"a":)" + lists(api::kMostLevels) + "}").starts_with("!is not JSON"));
  CHECK(of_form(object, named(api::kMostNameBytes)).starts_with("{"));
  CHECK(of_form(object, named(api::kMostNameBytes + 1)).starts_with("!is not JSON"));
}

TEST_CASE("a text holds no more items than JSON has values", "[route][reading][limits]") {
  constexpr std::string_view kNames =
      R"({"fields": {"a": {"type": "array", "items": {"type": "string"}, "commas": true}}})";
  const std::string most(http::kUsualValues - 1, ',');
  for (const auto& reading : {kStrict, python()}) {
    CHECK(read(kNames, form_body("a=x" + most), reading).faults.empty());
    CHECK(read(kNames, form_body("a=x," + most), reading).faults == List{"form/a parameter_range"});
  }
}

TEST_CASE("reqparse makes a text of any value", "[route][reading][reqparse]") {
  const std::string text = R"({"type": "string"})";
  CHECK(of_json(text, R"("abc")") == R"("abc")");
  CHECK(of_json(text, R"("")") == R"("")");
  CHECK(of_json(text, "5") == R"("5")");
  CHECK(of_json(text, "1.5") == R"("1.5")");
  CHECK(of_json(text, "true") == R"("True")");
  CHECK(of_json(text, "false") == R"("False")");
  CHECK(of_json(text, R"(["a", "b"])") == R"("a")");
  CHECK(of_json(text, "[[7]]") == R"("7")");
  CHECK(of_json(text, "[]") == "null");
  CHECK(of_json(text, "null") == "null");
  CHECK(of_json(text, R"({"a": 1})") == R"("{\"a\":1}")");
  CHECK(of_form(text, "") == R"("")");
  CHECK(of_form(text, "null") == R"("null")");
  CHECK(of_form(text, "a\xff") == "!is not UTF-8");
  CHECK(of_json(text, R"("a\u0000b")") == "!holds a NUL character");
  const std::string needed = R"({"type": "string", "mandatory": true, "missing": "needed"})";
  CHECK(of_json(needed, "null") == "!needed");
  CHECK(of_json(needed, "[]") == "!needed");
  CHECK(of_json(R"({"type": "string", "nullable": false})", "null") == "!must not be null");
  const std::string short_text = R"({"type": "string", "maxLength": 3})";
  CHECK(of_form(short_text, "äöü") == R"("äöü")");
  CHECK(of_form(short_text, "äöüx") == "!is longer than 3 characters");
}

TEST_CASE("reqparse reads an integer as int() does", "[route][reading][reqparse]") {
  const std::string number = R"({"type": "integer"})";
  CHECK(of_json(number, "7") == "7");
  CHECK(of_json(number, R"("7")") == "7");
  CHECK(of_json(number, "[7]") == "7");
  CHECK(of_form(number, " 7\n") == "7");
  CHECK(of_form(number, "+7") == "7");
  CHECK(of_form(number, "-7") == "-7");
  CHECK(of_form(number, "007") == "7");
  CHECK(of_form(number, "9223372036854775807") == "9223372036854775807");
  const auto refused = [](std::string_view text) {
    return fmt::format("!invalid literal for int() with base 10: '{}'", text);
  };
  for (const auto* wrong :
       {"", " ", "1.5", "abc", "0x1", "+-7", "+", "1e3", "9223372036854775808", "True"})
    CHECK(of_form(number, wrong) == refused(wrong));
  CHECK(of_json(number, "1.5") == refused("1.5"));
  CHECK(of_json(number, "true") == refused("True"));
  CHECK(of_json(number, "null") == refused("None"));
  CHECK(of_json(number, "[]") == refused("None"));
  CHECK(of_json(number, "9223372036854775808") == refused("9223372036854775808"));
  CHECK(of_json(R"({"type": "integer", "mandatory": true, "missing": "needed"})", "null") ==
        "!needed");
  CHECK(of_form(R"({"type": "integer", "minimum": 1})", "0") == "!\"x\" must be at least 1, is 0");
}

TEST_CASE("reqparse reads a flag by its words", "[route][reading][reqparse]") {
  const std::string flag = R"({"type": "boolean"})";
  for (const auto* no : {"False", "false", "0", "no", "OFF", "None", "null", "", " off "})
    CHECK(of_form(flag, no) == "false");
  for (const auto* yes : {"True", "1", "yes", "anything", "2"}) CHECK(of_form(flag, yes) == "true");
  for (const auto* no : {"false", "0", "null", "[]", R"("no")", "[false]"})
    CHECK(of_json(flag, no) == "false");
  for (const auto* yes : {"true", "1", "0.0", R"("x")", "{}"}) CHECK(of_json(flag, yes) == "true");
}

TEST_CASE("reqparse reads an object, and one that is JSON in a text",
          "[route][reading][reqparse]") {
  const std::string object = R"({"type": "object"})";
  CHECK(of_json(object, R"({"a": 1})") == R"({"a":1})");
  CHECK(of_json(object, R"("{\"a\": 1}")") == R"({"a":1})");
  CHECK(of_json(object, "null") == "{}");
  CHECK(of_form(object, R"({"a": {"b": 1}})") == R"({"a":{"b":1}})");
  for (const auto* wrong : {"[1]", "7", "null"})
    CHECK(of_form(object, wrong) == "!must be a JSON object");
  for (const auto* wrong : {"", "{", "x"})
    CHECK(of_form(object, wrong).starts_with("!is not JSON: "));
  for (const auto* wrong : {"[1]", "7", "true"})
    CHECK(of_json(object, wrong) == "!must be a JSON object");
}

TEST_CASE("reqparse reads a list, each item once", "[route][reading][reqparse]") {
  const std::string list = R"({"type": "array", "items": {"type": "string", "maxLength": 4}})";
  CHECK(of_json(list, R"(["a", " b ", "a", "", 7, null])") == R"(["a","b","7"])");
  CHECK(of_json(list, R"("a,b")") == R"(["a,b"])");
  CHECK(of_json(list, "null") == "[]");
  CHECK(of_form(list, " a") == R"([" a"])");
  CHECK(of_form(list, "abcde") == "!has a name of more than 4 characters");
  http::Request repeated;
  repeated.query = {{"x", "a"}, {"x", ""}, {"x", "b"}, {"x", "a"}};
  CHECK(read_field(list, repeated) == R"(["a","b"])");

  const std::string commas = R"({"type": "array", "items": {"type": "string"}, "commas": true})";
  CHECK(of_form(commas, "a, b,,a,c\\,d") == R"(["a","b","c,d"])");
  CHECK(of_form(commas, "") == "[]");
  CHECK(of_json(commas, R"("a,b")") == R"(["a","b"])");
  CHECK(of_json(commas, R"(["a,b", "c"])") == R"(["a,b","c"])");

  const std::string numbers = R"({"type": "array", "items": {"type": "integer"}, "commas": true})";
  CHECK(of_form(numbers, "1, 2,01") == "[1,2]");
  CHECK(of_form(numbers, "1,x") == "!invalid literal for int() with base 10: 'x'");
}
