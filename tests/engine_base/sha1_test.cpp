#include "engine/base/sha1.hpp"

#include <catch2/catch.hpp>

using namespace millrace;

TEST_CASE("digests agree with the vectors of FIPS 180-4", "[base][sha1]") {
  CHECK(to_hex(sha1("abc")) == "a9993e364706816aba3e25717850c26c9cd0d89d");
  CHECK(to_hex(sha1("")) == "da39a3ee5e6b4b0d3255bfef95601890afd80709");
  CHECK(to_hex(sha1(std::string(1'000'000, 'a'))) == "34aa973cd4c4daa4f61eeb2bdbad27316534016f");
  CHECK(to_hex(sha256("abc")) ==
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  CHECK(to_hex(sha256("")) == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

TEST_CASE("a digest does not depend on the pieces that its bytes come in", "[base][sha1]") {
  const std::string bytes(10'000, 'x');
  for (const std::size_t piece : {1, 63, 64, 65, 4096, 10'000}) {
    Sha256 digest;
    for (std::size_t at = 0; at < bytes.size(); at += piece) digest.update(bytes.substr(at, piece));
    CHECK(std::move(digest).finish() == sha256(bytes));
  }
  CHECK(Sha256{}.finish() == sha256(""));
}

TEST_CASE("hexadecimal digits are lower case, two for a byte", "[base][sha1]") {
  CHECK(to_hex({}).empty());
  CHECK(to_hex(std::array<std::uint8_t, 3>{0x00, 0xab, 0x7f}) == "00ab7f");
}
