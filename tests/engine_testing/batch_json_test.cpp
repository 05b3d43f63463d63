#include "engine/testing/batch_json.hpp"

#include <catch2/catch.hpp>

using namespace millrace;
using namespace millrace::testing;

namespace {

Batch make(std::string_view columns, std::string_view types = "{}") {
  auto made = batch_from_json(Json::parse(columns), Json::parse(types));
  INFO((made.ok() ? std::string{} : made.error().message));
  REQUIRE(made.ok());
  return *std::move(made);
}

}  // namespace

TEST_CASE("a value that its column cannot keep is refused by name", "[testing][batch]") {
  const auto refused = [](const char* columns, const char* types) {
    const auto made = batch_from_json(Json::parse(columns), Json::parse(types));
    return made.ok() ? std::string{} : made.error().message;
  };
  CHECK(refused(R"({"n": [9223372036854775807, -9223372036854775808]})", "{}").empty());
  CHECK(refused(R"({"n": [18446744073709551615]})", "{}") ==
        "column \"n\" is int64, which this is not: 18446744073709551615");
  CHECK(refused(R"({"n": [2147483648]})", R"({"n": "int32"})") ==
        "column \"n\" is int32, which this is not: 2147483648");
  CHECK(refused(R"({"n": [1.5]})", R"({"n": "int64"})") ==
        "column \"n\" is int64, which this is not: 1.5");
  CHECK(refused(R"({"x": [0.5, 9007199254740993]})", "{}") ==
        "column \"x\" is float64, which this is not: 9007199254740993");
  CHECK(refused(R"({"x": [16777217]})", R"({"x": "float32"})") ==
        "column \"x\" is float32, which this is not: 16777217");
  CHECK(refused(R"({"x": [0.1, 16777216]})", R"({"x": "float32"})").empty());
}

TEST_CASE("columns written as JSON become a batch and read back", "[testing][batch]") {
  const auto batch = make(R"({"i": [1, null], "d": [1, 2.5], "s": ["a", null], "b": [true, false],
    "l": [["x", "y"], []], "o": [{"k": 1}, {"k": null}], "lo": [[{"p": 1}, {"p": 2}], [{"p": 3}]]})");
  CHECK(
      schema_to_json(batch.schema()).dump() ==
      R"([["i","int64"],["d","float64"],["s","utf8"],["b","bool"],["l","list",[["item","utf8"]]],)"
      R"(["o","struct",[["k","int64"]]],["lo","list",[["item","struct",[["p","int64"]]]]]])");
  CHECK(rows_to_json(batch).dump() ==
        R"([[1,1.0,"a",true,[["x"],["y"]],[1],[[1],[2]]],[null,2.5,null,false,[],[null],[[3]]]])");
}

TEST_CASE("types may be named", "[testing][batch]") {
  const auto batch = make(
      R"({"i": [1], "f": [1], "t": [5], "x": ["/w=="], "j": [{"a": 1}], "n": [null]})",
      R"({"i": "int32", "f": "float32", "t": "timestamp", "x": "binary", "j": "utf8", "n": "number"})");
  CHECK(batch.column<std::string_view>("x").value(0) == "\xFF");
  CHECK(batch.column<std::string_view>("j").value(0) == R"({"a":1})");
  CHECK(batch.schema()[0].type == Type::Int32);
}

TEST_CASE("what cannot be a batch is an error", "[testing][batch]") {
  const auto fails = [](std::string_view columns, std::string_view types = "{}") {
    return !batch_from_json(Json::parse(columns), Json::parse(types)).ok();
  };
  CHECK(fails("[]"));
  CHECK(fails(R"({"a": 1})"));
  CHECK(fails(R"({"a": [1], "b": [1, 2]})"));
  CHECK(fails(R"({"a": [1]})", R"({"a": "varchar"})"));
  CHECK(fails(R"({"a": ["x"]})", R"({"a": "int64"})"));
  CHECK(fails(R"({"a": ["?"]})", R"({"a": "binary"})"));
  CHECK(fails(R"({"a": [1, [2]]})", R"({"a": "list"})"));
}

TEST_CASE("a column fits the words for its type", "[testing][batch]") {
  CHECK(fits_word(Type::Int32, "number"));
  CHECK(fits_word(Type::Float64, "any"));
  CHECK(fits_word(Type::Utf8, "utf8"));
  CHECK_FALSE(fits_word(Type::Utf8, "number"));
  CHECK_FALSE(fits_word(Type::Bool, "number"));
}
