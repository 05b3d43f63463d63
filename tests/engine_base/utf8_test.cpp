#include "engine/base/utf8.hpp"

#include <catch2/catch.hpp>

using namespace millrace;

TEST_CASE("UTF-8 is told from other bytes", "[base][utf8]") {
  for (const std::string_view text :
       {"", "abc", "ä", "\xe0\xa0\x80", "\xed\x9f\xbf", "\xee\x80\x80", "\xf0\x90\x80\x80",
        "\xf4\x8f\xbf\xbf", "\x7f", "\xc2\x80"}) {
    CHECK(is_utf8(text));
  }
  for (const std::string_view text :
       {"\x80", "\xbf", "\xc0\x80", "\xc1\xbf", "\xc2", "\xc2 ", "\xe0\x9f\xbf", "\xed\xa0\x80",
        "\xe2\x82", "\xe2\x82 ", "\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xff",
        "a\xfe"}) {
    CHECK_FALSE(is_utf8(text));
  }
  CHECK(utf8_length("\xe2\x82\xac"
                    "uro") == 3);
  CHECK(utf8_length("") == 0);
}

TEST_CASE("control characters are found", "[base][utf8]") {
  using namespace std::string_view_literals;
  for (const auto text : {"a\0b"sv, "\n"sv, "\x1f"sv, "x\x7f"sv, "\xc2\x80"sv, "\xc2\x9f"sv}) {
    CHECK(has_control_character(text));
  }
  for (const auto text : {""sv, "a b~"sv, "\xc2\xa0"sv, "ä€"sv})
    CHECK_FALSE(has_control_character(text));
}

TEST_CASE("a message holds only printable text of a limited length", "[base][utf8]") {
  CHECK(printable("a\nb\xff\xe4"
                  "c€") == "a?b??c€");
  CHECK(printable("abcdef", 3) == "abc...");
  CHECK(printable("€€", 4) == "€...");
  CHECK(printable("", 0).empty());
}
