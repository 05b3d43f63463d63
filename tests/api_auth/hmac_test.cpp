#include "api/auth/hmac.hpp"

#include <string>

#include <catch2/catch.hpp>

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
