#include <chrono>
#include <string>

#include <catch2/catch.hpp>

#include "call_services.hpp"
#include "engine/base/json_members.hpp"
#include "engine/plugin/operator_info.hpp"
#include "engine/plugin/parameter_rules.hpp"

using namespace millrace;

namespace {

OperatorInfo info_with(std::string_view params) {
  auto info =
      info_from_json("filter.test", "filter", Json::object({{"params", *parse_json(params)}}));
  INFO((info.ok() ? std::string{} : info.error().message));
  REQUIRE(info.ok());
  return *std::move(info);
}

CheckedParams check(std::string_view declaration, std::string_view given) {
  test::CallServices services;
  return check_parameters(info_with(declaration), nullptr, Json::parse(given), services);
}

// Faults as "kind pointer", in order.
std::vector<std::string> faults(std::string_view declaration, std::string_view given) {
  std::vector<std::string> words;
  for (const auto& fault : check(declaration, given).faults)
    words.push_back(fault.kind + " " + fault.pointer);
  return words;
}

using Words = std::vector<std::string>;

}  // namespace

TEST_CASE("defaults are filled in, in the order declared", "[plugin][parameters]") {
  const auto checked = check(
      R"({"a": {"type": "integer", "default": 1}, "b": {"type": "string"}, "c": {"type": "array", "default": []}})",
      R"({"c": [1], "b": "x"})");
  CHECK(checked.faults.empty());
  CHECK(checked.params.dump() == R"({"a":1,"b":"x","c":[1]})");
}

TEST_CASE("null is the same as absent", "[plugin][parameters]") {
  const auto* declaration = R"({"a": {"type": "integer", "default": 3}, "b": {"type": "string"}})";
  CHECK(check(declaration, R"({"a": null, "b": null})").params.dump() == R"({"a":3})");
  CHECK(faults(R"({"a": {"type": "integer", "mandatory": true}})", R"({"a": null})") ==
        Words{"parameter_missing /a"});
  test::CallServices services;
  const auto checked = check_parameters(info_with(declaration), nullptr, Json{}, services);
  CHECK(checked.faults.empty());
  CHECK(checked.params.dump() == R"({"a":3})");
}

TEST_CASE("all faults are reported at once", "[plugin][parameters]") {
  CHECK(
      faults(R"({"a": {"type": "integer", "mandatory": true}, "b": {"type": "number", "minimum": 0},
                   "c": {"type": "string", "enum": ["x", "y"]}})",
             R"({"b": -1, "c": "z", "d": 1})") == Words{"parameter_missing /a",
                                                        "parameter_range /b", "parameter_enum /c",
                                                        "parameter_unknown /d"});
}

TEST_CASE("params that are no object are one fault", "[plugin][parameters]") {
  CHECK(faults("{}", "[]") == Words{"parameter_type "});
  CHECK(faults("{}", "\"x\"") == Words{"parameter_type "});
}

TEST_CASE("a value of another type is a fault", "[plugin][parameters]") {
  const auto one = [](std::string_view type, std::string_view value) {
    return faults(std::string{R"({"p": {"type": ")"} + std::string{type} + "\"}}",
                  std::string{R"({"p": )"} + std::string{value} + "}")
        .size();
  };
  const std::vector<std::string> values{"true", "7", "1.5", "\"x\"", "[1]", "{\"a\": 1}"};
  const auto accepted = [&](std::string_view type) {
    std::string pattern;
    for (const auto& value : values) pattern += one(type, value) == 0 ? '+' : '-';
    return pattern;
  };
  CHECK(accepted("boolean") == "+-----");
  CHECK(accepted("integer") == "-+----");
  CHECK(accepted("number") == "-++---");
  CHECK(accepted("string") == "---+--");
  CHECK(accepted("array") == "----+-");
  CHECK(accepted("object") == "-----+");
  CHECK(accepted("any") == "++++++");
}

TEST_CASE("an integer may be written with a fraction of zero", "[plugin][parameters]") {
  const auto checked = check(R"({"n": {"type": "integer"}})", R"({"n": 4.0})");
  CHECK(checked.faults.empty());
  CHECK(checked.params["n"].is_number_integer());
  CHECK(faults(R"({"n": {"type": "integer"}})", R"({"n": 4.5})") == Words{"parameter_type /n"});
}

TEST_CASE("an integer beyond 64 bits is out of range", "[plugin][parameters]") {
  const auto* declaration = R"({"n": {"type": "integer"}})";
  CHECK(faults(declaration, R"({"n": 9223372036854775807})").empty());
  CHECK(faults(declaration, R"({"n": -9223372036854775808})").empty());
  CHECK(faults(declaration, R"({"n": 9223372036854775808})") == Words{"parameter_range /n"});
  CHECK(faults(declaration, R"({"n": 1e300})") == Words{"parameter_range /n"});
}

TEST_CASE("an integer that a plugin cannot be given is refused wherever it stands",
          "[plugin][parameters]") {
  const auto* object = R"({"metrics": {"type": "object"}})";
  const auto checked = check(object, R"({"metrics": {"loss": 18446744073709551615}})");
  REQUIRE(checked.faults.size() == 1);
  CHECK(checked.faults[0].kind == "parameter_range");
  CHECK(checked.faults[0].pointer == "/metrics/loss");
  CHECK(checked.faults[0].message == "\"metrics/loss\" is out of range: 18446744073709551615");
  CHECK(faults(object, R"({"metrics": {"loss": -9223372036854775808, "n": -0.0}})").empty());
  CHECK(faults(R"({"a": {"type": "any"}})", R"({"a": [[1], [9223372036854775808]]})") ==
        Words{"parameter_range /a/1/0"});
  CHECK(faults(R"({"a": {"type": "array"}})", R"({"a": [0, 18446744073709551615]})") ==
        Words{"parameter_range /a/1"});
  CHECK(
      faults(
          R"({"a": {"type": "object", "properties": {"b": {"type": "string"}}, "additionalProperties": true}})",
          R"({"a": {"c": {"d": 18446744073709551615}}})") == Words{"parameter_range /a/c/d"});
  CHECK(faults(R"({"a": {"type": "any", "enum": [-1]}})", R"({"a": 18446744073709551615})").size() >
        0);
}

TEST_CASE("a number keeps its value or is refused", "[plugin][parameters]") {
  const auto* number = R"({"n": {"type": "number"}})";
  CHECK(faults(number, R"({"n": 9007199254740992})").empty());
  CHECK(faults(number, R"({"n": 9007199254740993})") == Words{"parameter_range /n"});
  CHECK(faults(number, R"({"n": 18446744073709551615})") == Words{"parameter_range /n"});
  const auto checked = check(number, R"({"n": 9223372036854775808})");
  CHECK(checked.faults.empty());
  CHECK(checked.params["n"].is_number_float());
  CHECK(checked.params["n"] == 0x1p63);
  // The bound of an integer is compared as the number it is.
  const auto* bounded = R"({"n": {"type": "integer", "maximum": 9007199254740992}})";
  CHECK(faults(bounded, R"({"n": 9007199254740992})").empty());
  CHECK(faults(bounded, R"({"n": 9007199254740993})") == Words{"parameter_range /n"});
}

TEST_CASE("bounds are kept, at them and beyond", "[plugin][parameters]") {
  const auto* closed = R"({"n": {"type": "number", "minimum": 0, "maximum": 1}})";
  CHECK(faults(closed, R"({"n": 0})").empty());
  CHECK(faults(closed, R"({"n": 1})").empty());
  CHECK(faults(closed, R"({"n": -0.001})") == Words{"parameter_range /n"});
  CHECK(faults(closed, R"({"n": 1.001})") == Words{"parameter_range /n"});
  const auto* open = R"({"n": {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1}})";
  CHECK(faults(open, R"({"n": 0.5})").empty());
  CHECK(faults(open, R"({"n": 0})") == Words{"parameter_range /n"});
  CHECK(faults(open, R"({"n": 1})") == Words{"parameter_range /n"});
}

TEST_CASE("messages name the parameter, the bound with its unit, and the value",
          "[plugin][parameters]") {
  const auto checked = check(R"({"sigma": {"type": "number", "minimum": 0.5, "unit": "pixels"}})",
                             R"({"sigma": -3})");
  REQUIRE(checked.faults.size() == 1);
  CHECK(checked.faults[0].message == "\"sigma\" must be at least 0.5 pixels, is -3");
}

TEST_CASE("an unknown parameter is told with the nearest known one", "[plugin][parameters]") {
  const auto checked = check(R"({"sigma": {"type": "number"}})", R"({"sgima": 1})");
  REQUIRE(checked.faults.size() == 1);
  CHECK(checked.faults[0].kind == "parameter_unknown");
  CHECK_THAT(checked.faults[0].message, Catch::Contains("did you mean \"sigma\"?"));
  CHECK_THAT(check(R"({"sigma": {"type": "number"}})", R"({"zzz": 1})").faults.at(0).message,
             Catch::Contains("known: sigma"));
}

TEST_CASE("text has limits in code points, and patterns", "[plugin][parameters]") {
  const auto* declaration =
      R"({"s": {"type": "string", "minLength": 2, "maxLength": 3, "pattern": "^[a-z\u00fc]+$"}})";
  CHECK(faults(declaration, R"({"s": "ab"})").empty());
  CHECK(faults(declaration, "{\"s\": \"\xC3\xBC\xC3\xBC\xC3\xBC\"}").empty());
  CHECK(faults(declaration, R"({"s": "a"})") == Words{"parameter_range /s"});
  CHECK(faults(declaration, R"({"s": "abcd"})") == Words{"parameter_range /s"});
  CHECK(faults(declaration, R"({"s": "A1"})") == Words{"parameter_pattern /s"});
}

TEST_CASE("enums hold values of any type", "[plugin][parameters]") {
  const auto* declaration =
      R"({"n": {"type": "integer", "enum": [90, 180, 270]}, "s": {"type": "string", "enum": ["linear", "cubic"]}})";
  CHECK(faults(declaration, R"({"n": 90, "s": "cubic"})").empty());
  CHECK(faults(declaration, R"({"n": 45, "s": "linaer"})") ==
        Words{"parameter_enum /n", "parameter_enum /s"});
  CHECK_THAT(check(declaration, R"({"s": "linaer"})").faults.at(0).message,
             Catch::Contains("did you mean \"linear\"?"));
}

TEST_CASE("items of arrays are checked one by one", "[plugin][parameters]") {
  const auto* declaration =
      R"({"p": {"type": "array", "minItems": 1, "maxItems": 3, "items": {"type": "integer", "minimum": 0}}})";
  CHECK(faults(declaration, R"({"p": [1, 2]})").empty());
  CHECK(faults(declaration, R"({"p": []})") == Words{"parameter_range /p"});
  CHECK(faults(declaration, R"({"p": [1, 2, 3, 4]})") == Words{"parameter_range /p"});
  CHECK(faults(declaration, R"({"p": [1, -2, "x", null]})").size() == 4);
  CHECK(faults(declaration, R"({"p": [1, -2, "x"]})") ==
        Words{"parameter_range /p/1", "parameter_type /p/2"});
}

TEST_CASE("members of objects are checked, and unknown ones too when the object is closed",
          "[plugin][parameters]") {
  const auto* closed = R"({"o": {"type": "object", "required": ["a"], "properties":
      {"a": {"type": "integer"}, "b/c": {"type": "string", "default": "x"}}}})";
  CHECK(check(closed, R"({"o": {"a": 1}})").params.dump() == R"({"o":{"a":1,"b/c":"x"}})");
  CHECK(faults(closed, R"({"o": {}})") == Words{"parameter_missing /o/a"});
  CHECK(faults(closed, R"({"o": {"a": 1, "b/c": 2, "d~": 3}})") ==
        Words{"parameter_type /o/b~1c", "parameter_unknown /o/d~0"});
  const auto* open = R"({"o": {"type": "object", "properties": {"a": {"type": "integer"}},
      "additionalProperties": {"type": "string"}}})";
  CHECK(faults(open, R"({"o": {"z": "text"}})").empty());
  CHECK(faults(open, R"({"o": {"z": 1}})") == Words{"parameter_type /o/z"});
  CHECK(faults(R"({"o": {"type": "object"}})", R"({"o": {"anything": [1]}})").empty());
}

TEST_CASE("a value may be one of several", "[plugin][parameters]") {
  const auto* declaration =
      R"({"a": {"type": "object", "additionalProperties": {"type": "any", "anyOf": [
      {"type": "integer", "maximum": 9}, {"type": "array", "items": {"type": "string"}}, {"type": "integer", "minimum": 20}]}}})";
  CHECK(check(declaration, R"({"a": {"b": 4.0, "c": ["x"], "d": 20}})").params.dump() ==
        R"({"a":{"b":4,"c":["x"],"d":20}})");
  const auto checked = check(declaration, R"({"a": {"b": 10, "c": [1], "d": "x", "e": null}})");
  Words told;
  for (const auto& fault : checked.faults) told.push_back(fault.pointer + " " + fault.message);
  CHECK(told ==
        Words{"/a/b \"a/b\" must be at least 20, is 10",
              "/a/c/0 \"a/c/0\" must be a string, is a whole number: 1",
              "/a/d \"a/d\" must be an integer or an array or an integer, is a string: \"x\"",
              "/a/e \"a/e\" must be an integer or an array or an integer, is null: null"});
  const auto why = [](std::string_view any_of) {
    auto read =
        ParameterRules::read(Json{{"a", {{"type", "any"}, {"anyOf", *parse_json(any_of)}}}});
    return read.ok() ? std::string{} : read.error().message;
  };
  CHECK(why(R"([{"type": "string"}])").empty());
  CHECK(why("[]").ends_with("must be an array of 1 to 16 declarations"));
  CHECK(why(R"([{"type": "array", "items": {"type": "any", "anyOf": [{"type": "string"}]}}])")
            .ends_with("\"anyOf\" must be in no other"));
  CHECK_FALSE(ParameterRules::read(
                  *parse_json(R"({"a": {"type": "string", "anyOf": [{"type": "string"}]}})"))
                  .ok());
}

TEST_CASE("a million wrong items do not make a million texts", "[plugin][parameters]") {
  Json given = Json::object();
  given["p"] = Json(std::vector<Json>(1'000'000, Json("x")));
  test::CallServices services;
  const auto checked =
      check_parameters(info_with(R"({"p": {"type": "array", "items": {"type": "integer"}}})"),
                       nullptr, given, services);
  CHECK(checked.faults.size() == 101);
  CHECK(checked.faults.back().kind == "parameter_more");
}

TEST_CASE("names and members of a declaration that somebody sends cost linear time",
          "[plugin][parameters]") {
  constexpr int kMany = 30'000;
  Json properties = Json::object(), required = Json::array(), given = Json::object();
  for (int i = 0; i < kMany; ++i) {
    const auto name = "member" + std::to_string(i);
    append_member(properties, name, Json{{"type", "integer"}});
    append_member(given, "other" + std::to_string(i), i);
    required.push_back(name);
  }
  const Json declaration{
      {"o", {{"type", "object"}, {"properties", properties}, {"required", required}}}};
  const auto begun = std::chrono::steady_clock::now();
  test::CallServices services;
  const auto info = info_with(declaration.dump());
  const auto checked = check_parameters(info, nullptr, Json{{"o", given}}, services);
  CHECK(checked.faults.size() == 101);
  CHECK(std::chrono::steady_clock::now() - begun < std::chrono::seconds{20});
}

TEST_CASE("an enum has a thousand values at the most", "[plugin][parameters]") {
  const auto rules = [](std::size_t values) {
    const Json choices = std::vector<Json>(values, Json("x"));
    return ParameterRules::read(Json{{"p", {{"type", "string"}, {"enum", choices}}}});
  };
  CHECK(rules(ParameterRule::kMostChoices).ok());
  CHECK_FALSE(rules(ParameterRule::kMostChoices + 1).ok());
}

TEST_CASE("a long or odd value is cut in a message", "[plugin][parameters]") {
  const auto checked =
      check(R"({"n": {"type": "integer"}})", "{\"n\": \"" + std::string(10'000, 'x') + "\"}");
  REQUIRE(checked.faults.size() == 1);
  CHECK(checked.faults[0].message.size() < 200);
}

TEST_CASE("an info made by hand is checked without compiled rules", "[plugin][parameters]") {
  OperatorInfo info;
  info.id = "filter.by_hand";
  info.params = Json::parse(R"({"n": {"type": "integer", "default": 2}})");
  test::CallServices services;
  CHECK(check_parameters(info, nullptr, Json::object(), services).params.dump() == R"({"n":2})");
  info.params = Json::parse(R"({"n": {"type": "nonsense"}})");
  CHECK(check_parameters(info, nullptr, Json::object(), services).faults.at(0).kind ==
        "operator_failed");
}
