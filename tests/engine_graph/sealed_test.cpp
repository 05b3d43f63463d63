#include "engine/graph/sealed.hpp"

#include <algorithm>

#include <catch2/catch.hpp>

#include "tests/engine_graph/graph_fixture.hpp"

using namespace millrace;
using namespace millrace::test;

namespace {

// A pipeline whose connection has its password, and a node its list, by the parameter P.
std::string with_secret(std::string_view declaration) {
  return R"({"params": {"P": )" + std::string{declaration} +
         R"(}, "connections": {"a/b~c": {"user": "me", "schema": "x"},
    "in": {"user": "me", "schema": "x", "password": {"$param": "P"}}},
    "ops": [{"name": "in", "type": "input", "params": {"file": {"$param": "P"}}, "postOps": ["out"]},
            {"name": "out", "type": "output", "params": {"file": "x"}}]})";
}

}  // namespace

TEST_CASE("values of secret parameters are taken out of the document, and put back",
          "[graph][sealed]") {
  Json document = parsed(R"({"a/b~": {"c": [1, "sesame", {"d": 2}]}, "e": "sesame"})");
  const Json whole = document;
  const Json values =
      take_sealed(document, {{"/a~1b~0/c/1", "P"}, {"/a~1b~0/c/2", "Q"}, {"/e", "P"}});
  CHECK(document == parsed(R"({"a/b~": {"c": [1, {"$sealed": "P"}, {"$sealed": "Q"}]},
                               "e": {"$sealed": "P"}})"));
  CHECK(values["secret"]["/e"] == "sesame");
  Json again = document;
  REQUIRE(put_sealed(again, values).ok());
  CHECK(again == whole);
  for (const char* strange : {"/x", "/a~1b~0/c/3", "/e/f", "e", "/a~2", "/a~1b~0/c/-"}) {
    INFO(strange);
    const auto put =
        put_sealed(document, Json{{"secret", Json{{strange, "sesame"}}}, {"file", Json::object()}});
    REQUIRE_FALSE(put.ok());
    CHECK(put.error().message.find("sesame") == std::string::npos);
  }
}

TEST_CASE("what a parameter is bound to stays secret where it is declared so", "[graph][sealed]") {
  auto document = with_secret(R"({"type": "string", "secret": true})");
  document.replace(document.find("a/b~c"), 5, "other");
  const auto made = validated(document, {}, Json{{"P", "sesame"}});
  for (const auto& fault : made.faults) UNSCOPED_INFO(fault.pointer << " " << fault.message);
  REQUIRE(made.graph);
  CHECK(made.graph->connections.at("in").password == "sesame");
  CHECK(made.graph->nodes.front().params->at("file") == "sesame");
  CHECK(made.document.dump().find("sesame") == std::string::npos);
  CHECK(made.sealed["secret"] ==
        Json{{"/connections/in/password", "sesame"}, {"/ops/0/params/file", "sesame"}});
}

TEST_CASE("each element of a list that may be large stands in a file by itself",
          "[graph][sealed]") {
  constexpr auto document = R"({"params": {"more": {"type": "array", "file": true}},
    "ops": [{"name": "in", "type": "input", "params": {"file": "a"}, "postOps": ["out"]},
            {"$each": "more"}, {"name": "out", "type": "output", "params": {"file": "x"}}]})";
  const auto more =
      parsed(R"([{"name": "b", "type": "input", "params": {"file": "b"}, "postOps": ["out"]},
                               {"name": "c", "type": "input", "params": {"file": "c"}, "postOps": ["out"]}])");
  const auto made = validated(document, {}, Json{{"more", more}});
  for (const auto& fault : made.faults) UNSCOPED_INFO(fault.pointer << " " << fault.message);
  REQUIRE(made.graph);
  CHECK(made.graph->nodes.size() == 4);
  CHECK(made.sealed["file"] == Json{{"/ops/1", more[0]}, {"/ops/2", more[1]}});
  CHECK(made.document["ops"][1] == Json{{"$file", "more"}});
  Json whole = made.document;
  REQUIRE(put_sealed(whole, made.sealed).ok());
  CHECK(whole["ops"][2] == more[1]);
}

TEST_CASE("a value that may be large stands in a file, its default in the pipeline",
          "[graph][sealed]") {
  constexpr auto document = R"({
    "params": {"P": {"type": "string", "file": true, "default": "usual"}},
    "ops": [{"name": "in", "type": "input", "params": {"file": {"$param": "P"}}, "postOps": ["out"]},
            {"name": "out", "type": "output", "params": {"file": "x"}}]})";
  const auto given = validated(document, {}, Json{{"P", "mine"}});
  REQUIRE(given.graph);
  CHECK(given.graph->nodes.front().params->at("file") == "mine");
  CHECK(given.document["ops"][0]["params"]["file"] == Json{{"$file", "P"}});
  CHECK(given.sealed["file"] == Json{{"/ops/0/params/file", "mine"}});
  CHECK(given.sealed["secret"].empty());
  const auto usual = validated(document);
  CHECK(usual.document["ops"][0]["params"]["file"] == "usual");
  CHECK(usual.sealed.is_null());
}

TEST_CASE("a value that looks like a placeholder is a value", "[graph][sealed]") {
  const auto made = validated(
      R"({"params": {"P": {"type": "string", "secret": true}, "N": {"type": "any"}},
          "name": "x", "defaults": {"filter.min": {"$param": "N"}},
          "connections": {"in": {"user": "me", "schema": "x", "password": {"$param": "P"}}},
          "ops": []})",
      {}, Json{{"P", "sesame"}, {"N", {{"$sealed", "P"}}}});
  CHECK(made.document["defaults"]["filter.min"] == Json{{"$sealed", "P"}});
  CHECK(made.sealed["secret"] == Json{{"/connections/in/password", "sesame"}});
}

TEST_CASE("faults of secret parameters do not tell their values", "[graph][sealed]") {
  const std::string declaration =
      GENERATE(as<std::string>{}, R"({"type": "string", "secret": true, "enum": ["other"]})",
               R"({"type": "integer", "secret": true})",
               R"({"type": "string", "secret": true, "maxLength": 2})",
               R"({"type": "object", "secret": true, "properties": {}})",
               R"({"type": "string", "secret": "yes"})", R"({"type": "string", "file": 1})",
               R"({"type": "string", "secret": true, "default": "x"})", R"({"type": "string"})",
               R"({"type": "string", "secret": true})");
  const Json value =
      GENERATE(Json("bad:sesame"), Json::array({"sesame"}), Json{{"sesame", "sesame"}});
  INFO(declaration << " " << value.dump());
  const auto made = validated(with_secret(declaration), {}, Json{{"P", value}});
  CHECK_FALSE(made.faults.empty());  // one connection has a name that is none
  if (declaration.find("true") == std::string::npos) return;
  for (const auto& fault : made.faults) {
    INFO(fault.kind << " " << fault.pointer << " " << fault.message);
    CHECK(fault.message.find("sesame") == std::string::npos);
    CHECK(fault.pointer.find("sesame") == std::string::npos);
  }
}

TEST_CASE("a password does not stand in a pipeline", "[graph][sealed]") {
  constexpr auto kPointer = "connection /connections/in/password";
  const auto count = [](std::string_view document, const Json& given = nullptr) {
    const auto faults = faults_of(document, {}, given);
    return std::count(faults.begin(), faults.end(), std::string{kPointer});
  };
  CHECK(count(R"({"connections": {"in": {"address": "sqlite:/x", "password": "sesame"}}})") == 1);
  CHECK(count(R"({"params": {"P": {"type": "string"}},
    "connections": {"in": {"address": "sqlite:/x", "password": {"$param": "P"}}}})",
              {{"P", "sesame"}}) == 1);
  CHECK(count(R"({"params": {"P": {"type": "object"}}, "connections": {"in": {"$param": "P"}}})",
              {{"P", {{"address", "sqlite:/x"}, {"password", "sesame"}}}}) == 1);
  CHECK(count(R"({"params": {"P": {"type": "object", "secret": true}},
    "connections": {"in": {"$param": "P"}}})",
              {{"P", {{"address", "sqlite:/x"}, {"password", "sesame"}}}}) == 0);
  CHECK(count(R"({"params": {"P": {"type": "object", "secret": true}},
    "connections": {"$param": "P"}})",
              {{"P", {{"in", {{"address", "sqlite:/x"}, {"password", "sesame"}}}}}}) == 0);
  CHECK(count(R"({"connections": {"in": {"address": "sqlite:/x"}}})") == 0);
}
