// What FastAPI 0.68 with pydantic 1.8 answers to a request, as data of the road's reader.
#include "api/route/pydantic.hpp"

#include <algorithm>
#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include <catch2/catch.hpp>

#include "tests/api_route/read_parameters.hpp"
#include "tests/fixtures/python_lines.hpp"

#include <fmt/format.h>

using namespace millrace;
using namespace millrace::test;
using api::LooseObjects;

namespace {

// Places as pydantic's "loc", with types and texts.
std::string loc_type_msg(const Result<api::Values, api::Refusal>& read) {
  REQUIRE_FALSE(read.ok());
  std::string text;
  for (const auto& fault : read.error().faults) {
    Json loc = Json::array({to_string(fault.place)});
    for (const auto& step : fault.steps) loc.push_back(step);
    text +=
        fmt::format("{}{} {}: {}", text.empty() ? "" : "; ", loc.dump(), fault.code, fault.text);
  }
  return text;
}

const api::RequestSchema& task_schema() {
  static const auto read = schema(R"({
    "path": {"id": {"type": "integer", "nullable": false}},
    "fields": {"START": {"type": "string", "format": "date", "nullable": false},
               "COUNT": {"type": "integer", "nullable": false, "default": 5},
               "QUEUE": {"type": "string", "nullable": false, "also": ["queue"]},
               "LIST": {"type": "array", "items": {"type": "integer"}},
               "SITE": {"type": "object"},
               "INFO": {"type": "object", "nullable": false, "additionalProperties":
                        {"type": "any", "anyOf": [{"type": "string"}, {"type": "object"}]}},
               "PATTERN": {"type": "any", "anyOf": [{"type": "object"}, {"type": "array"}],
                           "as_text": true}}})");
  return read;
}

struct Body {
  std::string text;
  LooseObjects loose = LooseObjects::Refused;

  [[nodiscard]] Result<api::Values, api::Refusal> read() const {
    http::Request request;
    request.body = text;
    return task_schema().values(request, api::pydantic_reading(loose));
  }
  [[nodiscard]] std::string refused() const { return loc_type_msg(read()); }
  [[nodiscard]] std::string values() const {
    auto read_values = read();
    if (!read_values.ok()) return loc_type_msg(read_values);
    Json made = Json::object();
    for (const auto* name : {"START", "COUNT", "QUEUE", "LIST", "SITE", "INFO", "PATTERN"})
      if (const auto* value = read_values->find(name)) made[name] = *value;
    return made.dump();
  }
};

Result<api::Values, api::Refusal> of_type(std::string type, std::string body) {
  return task_schema().values(with_body(std::move(type), std::move(body)), api::pydantic_reading());
}

constexpr std::string_view kNoObject = R"(["body"] type_error.dict: value is not a valid dict)";
constexpr std::string_view kMissing = R"(["body"] value_error.missing: field required)";

}  // namespace

TEST_CASE("values are the int, the str and the date that pydantic makes of them",
          "[route][pydantic]") {
  const auto three = schema(R"({"fields": {"int": {"type": "integer", "nullable": false},
      "str": {"type": "string", "nullable": false},
      "date": {"type": "string", "format": "date", "nullable": false}}})");
  const auto reading = api::pydantic_reading();
  std::size_t count = 0;
  std::vector<std::string> different;
  each_line_of_python("api_route/pydantic_oracle.py 1 20000", [&](const std::string& line) {
    const auto value = line.substr(0, line.find('\t'));
    std::string ours = value;
    for (const std::string name : {"int", "str", "date"}) {
      http::Request request;
      request.body = fmt::format(R"({{"{}":{}}})", name, value);
      const auto read = three.values(request, reading);
      const auto made = read.ok() ? *read->find(name) : Json("!");
      const bool is_quoted = name == "str" && read.ok();
      ours += "\t" +
              (is_quoted || !made.is_string() ? made.dump(-1, ' ', true) : made.get<std::string>());
    }
    ++count;
    if (ours != line && different.size() < 20) different.push_back(line + " | " + ours);
  });
  CHECK(different == std::vector<std::string>{});
  CHECK(count > 40'000);
}

TEST_CASE("every fault is told in the order of the declarations, with pydantic's words",
          "[route][pydantic]") {
  CHECK(Body{R"({"START":"2020-13-01"})"}.refused() ==
        R"(["body","START"] value_error.date: invalid date format)");
  CHECK(Body{R"({"QUEUE":null,"COUNT":"abc","other":1})"}.refused() ==
        R"(["body","COUNT"] type_error.integer: value is not a valid integer; )"
        R"(["body","QUEUE"] type_error.none.not_allowed: none is not an allowed value)");
  CHECK(Body{R"({"LIST":["1","x",2.9,null,[]]})"}.refused() ==
        R"(["body","LIST",1] type_error.integer: value is not a valid integer; )"
        R"(["body","LIST",3] type_error.none.not_allowed: none is not an allowed value; )"
        R"(["body","LIST",4] type_error.integer: value is not a valid integer)");
  CHECK(Body{R"({"LIST":{"a":1},"SITE":[1],"QUEUE":["x"]})"}.refused() ==
        R"(["body","QUEUE"] type_error.str: str type expected; )"
        R"(["body","LIST"] type_error.list: value is not a valid list; )"
        R"(["body","SITE"] type_error.dict: value is not a valid dict)");
  CHECK(Body{R"({"START":[]})"}.refused() ==
        R"(["body","START"] type_error: invalid type; expected date, string, bytes, int or float)");
  CHECK(Body{R"({"START":NaN,"COUNT":NaN})"}.refused() ==
        R"(["body","START"] value_error: cannot convert float NaN to integer; )"
        R"(["body","COUNT"] type_error.integer: value is not a valid integer)");
  CHECK(Body{R"({"COUNT":Infinity})"}.refused() ==
        R"(["body","COUNT"] type_error.integer: value is not a valid integer)");
  CHECK(Body{R"({"INFO":{"a/b":[1],"0":null,"c":5,"d":{}}})"}.refused() ==
        R"(["body","INFO","a/b"] type_error.str: str type expected; )"
        R"(["body","INFO","a/b"] type_error.dict: value is not a valid dict; )"
        R"(["body","INFO","0"] type_error.none.not_allowed: none is not an allowed value)");
  CHECK(Body{R"({"PATTERN":"x"})"}.refused() ==
        R"(["body","PATTERN"] type_error.dict: value is not a valid dict; )"
        R"(["body","PATTERN"] type_error.list: value is not a valid list)");
}

TEST_CASE("values that fit are of the type that is declared", "[route][pydantic]") {
  CHECK(Body{"{}"}.values() == R"({"COUNT":5})");
  CHECK(Body{R"({"START":"2020-1-1","COUNT":" 7 ","QUEUE":3.0,"LIST":[true,"8"],"SITE":null,)"
             R"("INFO":{"a":1,"b":{"c":null}},"PATTERN":null})"}
            .values() ==
        R"({"START":"2020-01-01","COUNT":7,"QUEUE":"3.0","LIST":[1,8],"SITE":null,)"
        R"("INFO":{"a":"1","b":{"c":null}},"PATTERN":null})");
  CHECK(Body{R"({"queue":"low","COUNT":1,"COUNT":2})"}.values() == R"({"COUNT":2,"QUEUE":"low"})");
  CHECK(Body{R"({"queue":"low","QUEUE":"up"})"}.values() == R"({"COUNT":5,"QUEUE":"up"})");
  CHECK(Body{R"({"PATTERN": {"b":[1], "a":2, "b":3}})"}.values() ==
        R"({"COUNT":5,"PATTERN":"{\"b\":[1], \"a\":2, \"b\":3}"})");
}

TEST_CASE("a list with very many faults tells a hundred of them", "[route][pydantic]") {
  std::string items = "\"x\"";
  for (int i = 1; i < 20'000; ++i) items += ",\"x\"";
  const auto read = Body{"{\"LIST\":[" + items + "]}"}.read();
  REQUIRE_FALSE(read.ok());
  CHECK(read.error().faults.size() == api::kMostUnfit);
}

TEST_CASE("a body must be there and be an object", "[route][pydantic]") {
  CHECK(Body{""}.refused() == kMissing);
  CHECK(Body{" null "}.refused() == kMissing);
  for (const auto* text : {"[1]", "5", "true", "\"x\"", "\"\"", "[]", R"([["COUNT",1]])"}) {
    CAPTURE(text);
    CHECK(Body{text}.refused() == kNoObject);
  }
}

TEST_CASE("what dict() takes may be taken for an object", "[route][pydantic]") {
  const auto values = [](std::string text) {
    return Body{std::move(text), LooseObjects::Taken}.values();
  };
  CHECK(values("[]") == R"({"COUNT":5})");
  CHECK(values("\"\"") == R"({"COUNT":5})");
  CHECK(values(R"([["COUNT",1],["QUEUE","x"],["COUNT","2"]])") == R"({"COUNT":2,"QUEUE":"x"})");
  CHECK(values(R"({"SITE":["先生",{"k":1,"v":2}],"INFO":[["a","b"]]})") ==
        R"({"COUNT":5,"SITE":{"先":"生","k":"v"},"INFO":{"a":"b"}})");
  for (const auto* text :
       {"[1]", "[[1,2]]", R"([["a"]])", R"(["abc"])", R"(["a"])", "\"ab\"", "0"}) {
    CAPTURE(text);
    CHECK(values(text) == kNoObject);
  }
}

TEST_CASE("very many pairs become an object in linear time", "[route][pydantic]") {
  std::string pairs = R"(["COUNT",1])";
  for (int i = 0; i < 200'000; ++i) pairs += fmt::format(R"(,["k{}",0])", i);
  http::Request request;
  request.body = "[" + pairs + "]";
  request.values_max = 1'000'000;
  const auto begin = std::chrono::steady_clock::now();
  CHECK(task_schema().values(request, api::pydantic_reading(LooseObjects::Taken)).ok());
  CHECK(std::chrono::steady_clock::now() - begin < std::chrono::seconds{30});
}

TEST_CASE("a body is JSON by its media type, or without one", "[route][pydantic]") {
  for (const auto* type :
       {"application/json", "Application/JSON; charset=latin-1", " application/json ",
        "application/vnd.api+json", "application/+json", ""}) {
    CAPTURE(type);
    CHECK(of_type(type, "{}").ok());
  }
  for (const auto* type : {"text/json", "application/jsonp", "application/json/x", "application",
                           "application/x-www-form-urlencoded", "json", ";application/json"}) {
    CAPTURE(type);
    CHECK(loc_type_msg(of_type(type, "{}")) == kNoObject);
  }
  CHECK(loc_type_msg(of_type("text/plain", "")) == kMissing);
}

TEST_CASE("broken JSON is refused with Python's text and place", "[route][pydantic]") {
  const auto read = Body{"{\"先\":1,\n \"a\" 2}"}.read();
  REQUIRE_FALSE(read.ok());
  CHECK(read.error().code == "json");
  CHECK(read.error().status == 422);
  CHECK(read.error().values == Json{{"msg", "Expecting ':' delimiter"},
                                    {"doc", "{\"先\":1,\n \"a\" 2}"},
                                    {"pos", 13},
                                    {"lineno", 2},
                                    {"colno", 6}});
  for (const auto* text :
       {"{\"QUEUE\":\"\xFF\"}", "[18446744073709551616]", "{\"QUEUE\":\"\\ud800\"}"}) {
    CAPTURE(text);
    const auto unreadable = Body{text}.read();
    REQUIRE_FALSE(unreadable.ok());
    CHECK(unreadable.error().code == "json");
    CHECK(unreadable.error().status == 400);
    CHECK(unreadable.error().values.empty());
  }
  // A document comes back up to a size, and is cut between its characters.
  const auto large = Body{"[\"" + std::string(api::kMostShownDocument - 3, 'x') + "先生"}.read();
  REQUIRE_FALSE(large.ok());
  CHECK(large.error().values["msg"] == "Unterminated string starting at");
  CHECK(large.error().values["doc"].get<std::string>().size() == api::kMostShownDocument - 1);
}

TEST_CASE("a value in the path is read alike, and is a text whatever its bytes",
          "[route][pydantic]") {
  const auto path = schema(R"({"path": {"id": {"type": "integer", "nullable": false},
                                        "name": {"type": "string", "nullable": false}}})");
  const auto read = [&](std::string id, std::string name = "x") {
    http::Request request;
    request.path_values = {{"id", std::move(id)}, {"name", std::move(name)}};
    return path.values(request, api::pydantic_reading());
  };
  CHECK(read(" 7 ")->integer("id") == 7);
  CHECK(read("-1_0")->integer("id") == -10);
  CHECK(loc_type_msg(read("abc")) ==
        R"(["path","id"] type_error.integer: value is not a valid integer)");
  CHECK(loc_type_msg(read("5.0")) ==
        R"(["path","id"] type_error.integer: value is not a valid integer)");
  CHECK(read("1", "a\xFF\xE5\x85\x88")->text("name") == "a\xEF\xBF\xBD先");
}

TEST_CASE("a format other than a date is a mistake of ours", "[route][pydantic]") {
  CHECK_FALSE(
      api::RequestSchema::read(R"({"fields": {"a": {"type": "string", "format": "time"}}})").ok());
}
