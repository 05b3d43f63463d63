#include "engine/plugin/text.hpp"

#include <catch2/catch.hpp>

#include "engine/base/utf8.hpp"

using namespace millrace;

TEST_CASE("text that is no UTF-8 is mended, and good text is left as it is", "[plugin][text]") {
  CHECK(clean_utf8("plain \xC3\xBC") == "plain \xC3\xBC");
  CHECK(clean_utf8("a\xFF"
                   "b") ==
        "a\xEF\xBF\xBD"
        "b");
  CHECK(clean_utf8("\xC3") == "\xEF\xBF\xBD");
  CHECK(clean_utf8("\xED\xA0\x80") == "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD");  // a lone surrogate
  CHECK(clean_utf8("").empty());
}

TEST_CASE("the well-formed prefix ends before the first bad byte", "[plugin][text]") {
  CHECK(utf8_prefix("abc") == 3);
  CHECK(utf8_prefix("ab\xC3") == 2);
  CHECK(utf8_prefix("\x80") == 0);
}

TEST_CASE("code points are counted, not bytes", "[plugin][text]") {
  CHECK(code_points("") == 0);
  CHECK(code_points("a\xC3\xBC\xE2\x82\xAC\xF0\x9F\x98\x80") == 4);
}

TEST_CASE("a null pointer is empty text whatever its size says", "[plugin][text]") {
  CHECK(view(mr_text{nullptr, 5}).empty());
  CHECK(view(mr_text{"abc", 2}) == "ab");
}
