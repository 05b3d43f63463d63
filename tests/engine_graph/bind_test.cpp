#include <catch2/catch.hpp>

#include "tests/engine_graph/graph_fixture.hpp"

using namespace millrace;
using namespace millrace::test;

namespace {

struct Bound {
  Json document;
  std::vector<std::string> faults;
};

Bound bound(std::string_view document, const Json& given = nullptr) {
  std::vector<Fault> faults;
  Bound result{bind_parameters(parsed(document), given, faults), {}};
  for (const auto& fault : faults) result.faults.push_back(fault.kind + " " + fault.pointer);
  return result;
}

using Words = std::vector<std::string>;

}  // namespace

TEST_CASE("a given value replaces the use of its parameter, else the default does",
          "[graph][bind]") {
  constexpr auto document =
      R"({"params": {"n": {"type": "integer", "default": 3}, "file": {"type": "string"}},
    "ops": [{"params": {"file": {"$param": "file"}, "list": [1, {"$param": "n"}]}}], "name": "kept"})";
  const auto result = bound(document, {{"file", "a.txt"}});
  CHECK(result.faults.empty());
  CHECK(result.document ==
        parsed(R"({"ops": [{"params": {"file": "a.txt", "list": [1, 3]}}], "name": "kept"})"));
  CHECK(bound(document, {{"file", "a"}, {"n", 7}}).document["ops"][0]["params"]["list"][1] == 7);
}

TEST_CASE("a value given for a parameter is not searched for further parameters", "[graph][bind]") {
  const auto result = bound(
      R"({"params": {"a": {"type": "any"}, "b": {"type": "string", "default": "secret"}}, "ops": {"$param": "a"}})",
      {{"a", {{"$param", "b"}}}});
  CHECK(result.faults.empty());
  CHECK(result.document["ops"] == parsed(R"({"$param": "b"})"));
}

TEST_CASE("a parameter whose default is null leaves out what uses it", "[graph][bind]") {
  constexpr auto document = R"({"params": {"log": {"type": "string", "default": null}},
    "logFile": {"$param": "log"}, "ops": [{"$param": "log"}, 1]})";
  CHECK(bound(document).document == parsed(R"({"ops": [1]})"));
  CHECK(bound(document, {{"log", nullptr}}).faults.empty());
  CHECK(bound(document, {{"log", "l"}}).document["logFile"] == "l");
}

TEST_CASE("elements of a list are put into another, one by one", "[graph][bind]") {
  constexpr auto document =
      R"({"params": {"more": {"type": "array", "default": []}, "gone": {"type": "array", "default": null}},
    "ops": [1, {"$each": "more"}, [{"$each": "more"}], {"$each": "gone"}, 2]})";
  CHECK(bound(document).document["ops"] == parsed("[1, [], 2]"));
  const auto result = bound(document, {{"more", parsed(R"([{"$param": "x"}, null, [3]])")}});
  CHECK(result.faults.empty());
  CHECK(result.document["ops"] ==
        parsed(R"([1, {"$param": "x"}, null, [3], [{"$param": "x"}, null, [3]], 2])"));
}

TEST_CASE("a list that is put into another stands there alone, and is one", "[graph][bind]") {
  const auto result = bound(
      R"({"params": {"list": {"type": "array", "default": [1]}, "n": {"type": "integer", "default": 1},
      "m": {"type": "array", "items": {"type": "integer"}}},
    "ops": [{"$each": "n"}, {"$each": "list", "or": 1}, {"$each": 7}, {"$each": "none"}, {"$each": "m"}],
    "name": {"$each": "list"}, "doc": {"x": {"$each": "list"}}})",
      {{"m", {"x"}}});
  CHECK(result.faults == Words{"param_type /params/m/0", "param_use /ops/0", "param_use /ops/1",
                               "param_use /ops/2", "param_undeclared /ops/3", "param_use /name",
                               "param_use /doc/x"});
  CHECK(result.document["ops"].size() == 5);
}

TEST_CASE("what is wrong with parameters is told of all of them at once", "[graph][bind]") {
  const auto result =
      bound(R"({"params": {"a": {"type": "integer", "minimum": 2}, "b": {"type": "string"},
      "c": {"type": "strnig"}, "d": {"type": "string", "enum": ["x", "y"], "default": "x"}},
    "ops": [{"$param": "e"}, {"$param": "a", "or": 1}]})",
            {{"a", 1}, {"d", "z"}, {"f", 0}});
  CHECK(result.faults == Words{"param_declaration /params/c", "param_range /params/a",
                               "param_enum /params/d", "param_undeclared /params",
                               "param_missing /params/b", "param_undeclared /ops/0",
                               "param_use /ops/1"});
  CHECK(bound(R"({"params": []})").faults == Words{"param_declaration /params"});
  CHECK(bound(R"({"params": {}})", 7).faults == Words{"param_type /params"});
  CHECK(bound(R"({"params": {"a": {"type": "number"}}})", {{"a", "1"}}).faults ==
        Words{"param_type /params/a"});
  CHECK(bound(R"({"params": {"a": {"type": "number", "default": "1"}}})").faults ==
        Words{"param_declaration /params/a"});
}

TEST_CASE("a wrong parameter does not bring further faults at the places that use it",
          "[graph][bind]") {
  CHECK(faults_of(R"({"params": {"file": {"type": "string"}}, "ops": [
    {"name": "a", "type": "input.list", "postOps": ["b"], "params": {"file": {"$param": "file"}}},
    {"name": "b", "type": "output.any"}]})") == Words{"param_missing /params/file"});
  CHECK(faults_of(R"({"params": {"ops": {"type": "array"}}, "ops": {"$param": "ops"}})", {},
                  {{"ops", 3}}) == Words{"param_type /params/ops"});
}

TEST_CASE("a document that is no object is left to the reader", "[graph][bind]") {
  CHECK(bound("[1]").document == parsed("[1]"));
  CHECK(faults_of("[1]") == Words{"document_type "});
  CHECK(faults_of("null") == Words{"document_type "});
}
