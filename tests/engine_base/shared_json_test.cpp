#include "engine/base/shared_json.hpp"

#include <catch2/catch.hpp>

using namespace millrace;

TEST_CASE("copies of a document share it and its text", "[base][shared_json]") {
  const SharedJson one = Json::parse(R"({"b": [1, 1.5], "a": "\u00e4"})");
  const SharedJson copy = one;  // NOLINT: the copy is what is tested
  CHECK(&*copy == &*one);
  CHECK(copy.text() == "{\"b\":[1,1.5],\"a\":\"\xc3\xa4\"}");
  CHECK(&copy.text() == &one.text());
}

TEST_CASE("a document that nobody gave is null", "[base][shared_json]") {
  const SharedJson none;
  CHECK(none->is_null());
  CHECK(none.text() == "null");
}

TEST_CASE("bytes that are not UTF-8 become the replacement character", "[base][shared_json]") {
  CHECK(SharedJson{Json{"\xff"}}.text() == "[\"\xef\xbf\xbd\"]");
}
