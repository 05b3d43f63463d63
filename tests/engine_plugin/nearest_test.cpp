#include "engine/plugin/nearest.hpp"

#include <array>
#include <string>

#include <catch2/catch.hpp>

using namespace millrace;

TEST_CASE("edit distance counts insertions, deletions, replacements and swaps",
          "[plugin][nearest]") {
  CHECK(edit_distance("", "") == 0);
  CHECK(edit_distance("", "abc") == 3);
  CHECK(edit_distance("abc", "") == 3);
  CHECK(edit_distance("sigma", "sigma") == 0);
  CHECK(edit_distance("sgima", "sigma") == 1);
  CHECK(edit_distance("kitten", "sitting") == 3);
  CHECK(edit_distance("ca", "abc") == 3);  // the restricted form
}

TEST_CASE("the nearest name is found, and none where none is near", "[plugin][nearest]") {
  constexpr std::array<std::string_view, 4> names{"sigma", "radius", "mode", "modes"};
  CHECK(nearest_name("sgima", names) == "sigma");
  CHECK(nearest_name("radios", names) == "radius");
  CHECK(nearest_name("mode", names) == "mode");
  CHECK(nearest_name("brightness", names).empty());
  CHECK(nearest_name("", names).empty());
  CHECK(nearest_name("x", names).empty());
  CHECK(nearest_name("sigma", {}).empty());
}

TEST_CASE("a word that is too long is near to nothing", "[plugin][nearest]") {
  const std::string longest(kLongestWord, 'a');
  const auto other = longest.substr(1) + 'b';
  const std::array<std::string_view, 1> names{other};
  CHECK(nearest_name(longest, names) == other);
  CHECK(nearest_name(longest + 'a', names).empty());
}
