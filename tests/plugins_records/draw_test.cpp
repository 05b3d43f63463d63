#include "plugins/records/draw.hpp"

#include <algorithm>
#include <array>

#include <catch2/catch.hpp>

#include "plugins/records/identity.hpp"

namespace records = millrace::records;

TEST_CASE("a draw is the documented hash of its parts", "[records][draw]") {
  const auto copies = [](std::string_view url, int line) {
    return records::draw_unit(std::uint64_t{0}, "flip1", "copies",
                              records::identity(url, "source", line));
  };
  CHECK(copies("qiniu:///z0/in/img/a.png", 1) == Approx(0.858820).margin(5e-7));
  CHECK(copies("qiniu:///z0/in/img/b.png", 2) == Approx(0.832191).margin(5e-7));
  CHECK(copies("qiniu:///z0/in/img/d.png", 4) == Approx(0.255829).margin(5e-7));
  CHECK(copies("qiniu:///z0/in/img/e.png", 6) == Approx(0.817455).margin(5e-7));
}

TEST_CASE("shuffling by draws gives the documented order", "[records][draw]") {
  std::array order{0, 1, 2, 3, 4, 5};
  std::sort(order.begin(), order.end(), [](int a, int b) {
    return records::draw_u64(0, "shuffle", a) < records::draw_u64(0, "shuffle", b);
  });
  CHECK(order == std::array{5, 1, 4, 3, 2, 0});
}

TEST_CASE("parts are joined so that no two lists of parts meet", "[records][draw]") {
  CHECK(records::join_parts("a", "b") ==
        "a\x1f"
        "b");
  CHECK(records::join_parts(-3, std::string{"x"}, std::uint64_t{18446744073709551615u}) ==
        "-3\x1fx\x1f"
        "18446744073709551615");
  CHECK(records::draw_u64("ab", "c") != records::draw_u64("a", "bc"));
}

TEST_CASE("a unit draw stays below one", "[records][draw]") {
  CHECK(records::unit_of(0) == 0.0);
  CHECK(records::unit_of(~std::uint64_t{0}) < 1.0);
}

TEST_CASE("SHA-1 agrees with FIPS 180-4", "[records][draw]") {
  const auto digest = records::sha1("abc");
  CHECK(digest.front() == 0xa9);
  CHECK(digest.back() == 0x9d);
  CHECK(records::first_bytes(digest) == 0xa9993e364706816aULL);
}

TEST_CASE("an identity names the root and every step", "[records][identity]") {
  std::string identity = records::identity("qiniu:///z0/in/img/a.png", "source", 1);
  identity = records::identity(identity, "flip1", 0);
  identity = records::identity(identity, "r2", 1);
  CHECK(identity == "qiniu:///z0/in/img/a.png#source:1#flip1:0#r2:1");
}
