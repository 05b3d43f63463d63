#include "engine/store/grants.hpp"

#include <catch2/catch.hpp>

using millrace::detail::is_granted;

TEST_CASE("no grant at all opens each bucket", "[store][grants]") {
  CHECK(is_granted({}, "z0", "anything"));
}

TEST_CASE("a grant names a bucket in full", "[store][grants]") {
  const std::vector<std::string> grants{"z0/pictures", "z1/out"};
  CHECK(is_granted(grants, "z0", "pictures"));
  CHECK(is_granted(grants, "z1", "out"));
  CHECK_FALSE(is_granted(grants, "z1", "pictures"));
  CHECK_FALSE(is_granted(grants, "z0", "picture"));
  CHECK_FALSE(is_granted(grants, "z0", "pictures2"));
  CHECK_FALSE(is_granted(grants, "z0", "Pictures"));
}

TEST_CASE("a star stands for any run within its part", "[store][grants]") {
  CHECK(is_granted({"*/*"}, "z0", "b"));
  CHECK(is_granted({"z0/*"}, "z0", "b"));
  CHECK_FALSE(is_granted({"z0/*"}, "z1", "b"));
  CHECK(is_granted({"*/out"}, "na0", "out"));
  CHECK_FALSE(is_granted({"*/out"}, "na0", "outer"));
  CHECK(is_granted({"z0/tenant-7-*"}, "z0", "tenant-7-a"));
  CHECK(is_granted({"z0/tenant-7-*"}, "z0", "tenant-7-"));
  CHECK_FALSE(is_granted({"z0/tenant-7-*"}, "z0", "tenant-77-a"));
  CHECK(is_granted({"z0/a*b*c"}, "z0", "a-b-b-c"));
  CHECK_FALSE(is_granted({"z0/a*b*c"}, "z0", "a-b-b-cd"));
}

TEST_CASE("a pattern without two parts opens nothing", "[store][grants]") {
  CHECK_FALSE(is_granted({""}, "z0", "b"));
  CHECK_FALSE(is_granted({"*"}, "z0", "b"));
  CHECK_FALSE(is_granted({"z0"}, "z0", "b"));
  CHECK_FALSE(is_granted({"z0/"}, "z0", "b"));
}

TEST_CASE("a pattern of many stars is judged in time", "[store][grants]") {
  std::string pattern = "z0/";
  for (int i = 0; i < 30; ++i) pattern += "*a";
  CHECK_FALSE(is_granted({pattern + "b"}, "z0", std::string(63, 'a')));
}
