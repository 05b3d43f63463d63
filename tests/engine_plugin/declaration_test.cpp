#include <catch2/catch.hpp>

#include "engine/plugin/operator_info.hpp"

using namespace millrace;

namespace {

std::string error_of(std::string_view declaration, std::string_view id = "filter.a",
                     std::string_view role = "filter") {
  const auto info = read_declaration(id, role, declaration);
  return info.ok() ? "" : info.error().message;
}

std::string params_error(std::string_view params) {
  return error_of(R"({"params": )" + std::string{params} + "}");
}

}  // namespace

TEST_CASE("a declaration is read whole", "[plugin][declaration]") {
  const auto info = read_declaration("augment.a_1", "augment", R"({
    "doc": "Does.", "params": {"n": {"type": "integer"}}, "stability": "alpha", "replicable": true, "grain": 64,
    "instances": 2, "read_by": "augment.read",
    "blocking": true, "lazy": "augment.materialise", "passes_lazy": true, "ports": ["test"],
    "reads": {"bytes": "binary"}, "adds": {"width": "int32"}, "hints": {"turns": true},
    "limits": {"width.pixels": {"value": 65535, "unit": "pixels", "doc": "of a side"}},
    "examples": [{"params": {"n": 1}}], "conformance": {"skip": {"sliced": "draws from the place of the row"}}})");
  REQUIRE(info.ok());
  CHECK(info->stability == OperatorInfo::Stability::Alpha);
  CHECK(info->replicable);
  CHECK_FALSE(info->stateless);
  CHECK(info->grain == 64);
  CHECK(info->instances == 2);
  CHECK(info->read_by == "augment.read");
  CHECK(info->blocking);
  CHECK(info->lazy == "augment.materialise");
  CHECK(info->ports == std::vector<std::string>{"test"});
  CHECK_FALSE(info->accepts_any);
  CHECK(info->rules != nullptr);
  CHECK(info->examples.size() == 1);
}

TEST_CASE("an operator that reads no columns takes any batch", "[plugin][declaration]") {
  CHECK(read_declaration("filter.a", "filter", "{}")->accepts_any);
  CHECK_FALSE(read_declaration("filter.a", "filter", R"({"reads": {"x": "any"}})")->accepts_any);
}

TEST_CASE("what is written of an operator reads back the same", "[plugin][declaration]") {
  const auto info = read_declaration("filter.a", "filter", R"({
    "doc": "Does.", "params": {"n": {"type": "integer", "default": 3}}, "stability": "experimental", "stateless": true,
    "replicable": true, "instances": 3, "read_by": "filter.b", "reads": {"x": "number"}, "may_read": {"y": "utf8|int64"}, "accepts_any": true, "ports": ["p"]})");
  REQUIRE(info.ok());
  Json element = to_json(*info);
  for (const char* name : {"id", "role", "plugin", "version"}) element.erase(name);
  const auto again = info_from_json("filter.a", "filter", element);
  REQUIRE(again.ok());
  CHECK(to_json(*again) == to_json(*info));
}

TEST_CASE("mistakes in a declaration are named", "[plugin][declaration]") {
  CHECK_THAT(error_of("{"), Catch::Contains("filter.a") && Catch::Contains("declaration"));
  CHECK_THAT(error_of("[]"), Catch::Contains("must be a JSON object"));
  CHECK_THAT(error_of(R"({"replicabel": true})"), Catch::Contains("did you mean \"replicable\"?"));
  CHECK_THAT(error_of(R"({"replicable": 1})"), Catch::Contains("true or false"));
  CHECK_THAT(error_of(R"({"reads": {"x": "varchar"}})"),
             Catch::Contains("the type of column \"x\""));
  CHECK_THAT(error_of(R"({"reads": null})"), Catch::Contains("reads"));
  CHECK_THAT(error_of(R"({"stability": "fine"})"),
             Catch::Contains("stable, alpha or experimental"));
  CHECK_THAT(error_of(R"({"grain": -1})"), Catch::Contains("grain"));
  CHECK_THAT(error_of(R"({"instances": -1})"), Catch::Contains("a number of instances"));
  CHECK_THAT(error_of(R"({"instances": 1.5})"), Catch::Contains("a number of instances"));
  CHECK_THAT(error_of(R"({"read_by": true})"), Catch::Contains("read_by"));
  CHECK_THAT(error_of(R"({"whole_sequence": true, "grain": 4})"),
             Catch::Contains("exclude each other"));
  CHECK_THAT(error_of(R"({"ports": [""]})"), Catch::Contains("ports"));
  CHECK_THAT(error_of(R"({"conformance": {"skip": {"empty": ""}}})"),
             Catch::Contains("conformance"));
  for (const char* limits :
       {"3", R"({"labels": {"value": 1, "unit": "labels", "doc": "d"}})", R"({"a.b": 3})",
        R"({"A.b": {"value": 1, "unit": "u", "doc": "d"}})",
        R"({"a.b": {"value": 0, "unit": "u", "doc": "d"}})",
        R"({"a.b": {"value": 1.5, "unit": "u", "doc": "d"}})",
        R"({"a.b": {"value": 1, "unit": "", "doc": "d"}})", R"({"a.b": {"value": 1, "unit": "u"}})",
        R"({"a.b": {"value": 1, "unit": "u", "doc": "d", "more": 1}})"}) {
    INFO(limits);
    CHECK_THAT(error_of(R"({"limits": )" + std::string{limits} + "}"),
               Catch::Contains("\"limits\""));
  }
  CHECK(error_of(R"({"limits": {"learn.labels": {"value": 1000, "unit": "labels", "doc": "d"}}})")
            .empty());
  CHECK_THAT(error_of("{}", "filter.Area"), Catch::Contains("small letters"));
  CHECK_THAT(error_of("{}", "area"), Catch::Contains("filter."));
  CHECK_THAT(error_of("{}", "filter."), Catch::Contains("filter."));
  CHECK_THAT(error_of("{}", "sieve.a", "sieve"), Catch::Contains("unknown role"));
  CHECK_THAT(error_of("{}", "sieve.a"), Catch::Contains("filter."));
  CHECK_THAT(error_of("{}", "filter.a", "preprocess"), Catch::Contains("preprocess."));
  CHECK_THAT(error_of("{}", "Sample.a", "preprocess"), Catch::Contains("no role"));
  CHECK_THAT(error_of("{}", ".a", "preprocess"), Catch::Contains("no role"));
  CHECK_THAT(error_of("{}", "sample", "preprocess"), Catch::Contains("no role"));
  CHECK(error_of("{}", "sample.by_label", "preprocess").empty());
  CHECK(error_of("{}", "preprocess.sort", "preprocess").empty());
}

TEST_CASE("mistakes in a parameter's declaration are named", "[plugin][declaration]") {
  CHECK_THAT(params_error("[]"), Catch::Contains("params must be an object"));
  CHECK_THAT(params_error(R"({"n": 1})"), Catch::Contains("parameter \"n\""));
  CHECK_THAT(params_error(R"({"n": {}})"), Catch::Contains("\"type\" is missing"));
  CHECK_THAT(params_error(R"({"n": {"type": "int"}})"),
             Catch::Contains("one of any, boolean, integer"));
  CHECK_THAT(params_error(R"({"n": {"type": "integer", "minimun": 1}})"),
             Catch::Contains("did you mean \"minimum\"?"));
  CHECK_THAT(params_error(R"({"n": {"type": "string", "minimum": 1}})"),
             Catch::Contains("does not belong"));
  CHECK_THAT(params_error(R"({"n": {"type": "string", "pattern": "("}})"),
             Catch::Contains("bad pattern"));
  CHECK_THAT(params_error(R"({"n": {"type": "string", "enum": []}})"), Catch::Contains("enum"));
  CHECK_THAT(params_error(R"({"n": {"type": "integer", "default": "x"}})"),
             Catch::Contains("default breaks"));
  CHECK_THAT(params_error(R"({"n": {"type": "integer", "minimum": 5, "default": 1}})"),
             Catch::Contains("default breaks"));
  CHECK_THAT(params_error(R"({"n": {"type": "integer", "mandatory": true, "default": 1}})"),
             Catch::Contains("cannot have a default"));
  CHECK_THAT(params_error(R"({"n": {"type": "uri", "access": "both"}})"),
             Catch::Contains("access"));
  CHECK_THAT(params_error(R"({"n": {"type": "array", "items": {"type": "x"}}})"),
             Catch::Contains("items"));
  CHECK_THAT(
      params_error(
          R"({"n": {"type": "object", "properties": {"a": {"type": "any"}}, "required": ["b"]}})"),
      Catch::Contains("required"));
}

TEST_CASE("traits are applied, and refused when they are none", "[plugin][declaration]") {
  auto info = read_declaration("filter.a", "filter", "{}");
  REQUIRE(info.ok());
  CHECK(apply_traits(*info, Json::parse(R"({"replicable": true, "emits": {"x": "utf8"}})")).ok());
  CHECK(info->replicable);
  CHECK(info->emits.contains("x"));
  CHECK_FALSE(apply_traits(*info, Json::parse(R"({"doc": "x"})")).ok());
  CHECK_FALSE(apply_traits(*info, Json::parse(R"({"grain": "x"})")).ok());
  CHECK(apply_traits(*info, Json::parse(R"({"whole_sequence": true})")).ok());
  CHECK_FALSE(apply_traits(*info, Json::parse(R"({"grain": 4})")).ok());
}
