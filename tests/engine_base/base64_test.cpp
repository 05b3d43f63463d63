#include "engine/base/base64.hpp"

#include <string>

#include <catch2/catch.hpp>

using namespace millrace;

TEST_CASE("URL-safe Base64 has one spelling", "[base][base64]") {
  // RFC 4648, section 10, without padding.
  const std::string words[][2]{
      {"", ""},           {"f", "Zg"},          {"fo", "Zm8"},          {"foo", "Zm9v"},
      {"foob", "Zm9vYg"}, {"fooba", "Zm9vYmE"}, {"foobar", "Zm9vYmFy"}, {"\xfb\xff\xfe", "-__-"}};
  for (const auto& [bytes, text] : words) {
    CHECK(to_base64url(bytes) == text);
    CHECK(from_base64url(text) == bytes);
  }
  for (const auto* bad : {"Z", "Zg=", "Zg==", "Zh", "Zm9", "Zm9v\n", " Zm9v", "Zm 9v", "+//+",
                          "Zm9vY", "Zm9v=", "Zm9v.", "\xc5\xbc"})
    CHECK_FALSE(from_base64url(bad).has_value());
  CHECK_FALSE(from_base64url(std::string_view{"Zm9v\0", 5}).has_value());
}

TEST_CASE("Base64 with padding is decoded strictly", "[base][base64]") {
  CHECK(from_base64("") == "");
  CHECK(from_base64("Zm9vYmFy") == "foobar");
  CHECK(from_base64("Zm8=") == "fo");
  CHECK(from_base64("Zg==") == "f");
  CHECK(from_base64("+//+") == "\xfb\xff\xfe");
  for (const auto* text : {"", "Zm9vYmFy", "Zm8=", "Zg==", "+//+"})
    CHECK(to_base64(*from_base64(text)) == text);
  for (const auto* bad :
       {"Zg=", "Zg", "Z!==", "Zh==", "Zg==Zg==", "====", "Zm9v\n", " Zm9v", "-__-"})
    CHECK_FALSE(from_base64(bad).has_value());
}
