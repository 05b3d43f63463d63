#include "engine/base/random.hpp"

#include <array>
#include <set>
#include <string>

#include <catch2/catch.hpp>

using namespace millrace;

TEST_CASE("the system's random numbers differ", "[base][random]") {
  std::set<std::string> seen;
  for (int i = 0; i < 100; ++i) seen.insert(system_random().hex(16));
  CHECK(seen.size() == 100);
  CHECK(seen.begin()->size() == 32);
  CHECK(seen.begin()->find_first_not_of("0123456789abcdef") == std::string::npos);
  CHECK(system_random().hex(0).empty());
}

TEST_CASE("a seeded generator repeats itself and follows splitmix64", "[base][random]") {
  SeededRandom one{1234567};
  // First outputs of the reference program for this seed.
  CHECK(one.next() == 6457827717110365317u);
  CHECK(one.next() == 3203168211198807973u);
  CHECK(one.next() == 9817491932198370423u);
  SeededRandom again{1234567}, other{7654321};
  CHECK(again.next() == 6457827717110365317u);
  CHECK(other.next() != 6457827717110365317u);
}

TEST_CASE("a seeded generator fills any length", "[base][random]") {
  SeededRandom one{5}, two{5};
  std::array<std::byte, 13> a{}, b{};
  one.fill(a);
  two.fill(b);
  CHECK(a == b);
  CHECK(a != std::array<std::byte, 13>{});
  one.fill({});
}
