#include "api/auth/hmac.hpp"

#include <string>

#include <catch2/catch.hpp>

#include "api/auth/base64url.hpp"
#include "engine/base/sha1.hpp"

using namespace millrace;

TEST_CASE("HMAC-SHA256 gives the values of RFC 4231", "[api][auth][hmac]") {
  CHECK(to_hex(auth::hmac_sha256(std::string(20, '\x0b'), "Hi There")) ==
        "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
  CHECK(to_hex(auth::hmac_sha256("Jefe", "what do ya want for nothing?")) ==
        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}

TEST_CASE("keys are derived as in RFC 5869, test case 3", "[api][auth][hmac]") {
  CHECK(to_hex(auth::derive_key(std::string(22, '\x0b'), "")) ==
        "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d");
  CHECK_FALSE(auth::equal(auth::derive_key("secret", "a"), auth::derive_key("secret", "b")));
}

TEST_CASE("digests are equal only when every byte is", "[api][auth][hmac]") {
  const auto digest = auth::hmac_sha256("key", "text");
  CHECK(auth::equal(digest, auth::hmac_sha256("key", "text")));
  for (std::size_t i = 0; i < digest.size(); ++i) {
    auto other = digest;
    other[i] ^= 1;
    CHECK_FALSE(auth::equal(digest, other));
  }
}

TEST_CASE("URL-safe Base64 has one spelling", "[api][auth][base64url]") {
  // RFC 4648, section 10, without padding.
  const std::string words[][2]{
      {"", ""},           {"f", "Zg"},          {"fo", "Zm8"},          {"foo", "Zm9v"},
      {"foob", "Zm9vYg"}, {"fooba", "Zm9vYmE"}, {"foobar", "Zm9vYmFy"}, {"\xfb\xff\xfe", "-__-"}};
  for (const auto& [bytes, text] : words) {
    CHECK(auth::to_base64url(bytes) == text);
    CHECK(auth::from_base64url(text) == bytes);
  }
  for (const auto* bad : {"Z", "Zg=", "Zg==", "Zh", "Zm9", "Zm9v\n", " Zm9v", "Zm 9v", "+//+",
                          "Zm9vY", "Zm9v=", "Zm9v.", "\xc5\xbc"})
    CHECK_FALSE(auth::from_base64url(bad).has_value());
  CHECK_FALSE(auth::from_base64url(std::string_view{"Zm9v\0", 5}).has_value());
}
