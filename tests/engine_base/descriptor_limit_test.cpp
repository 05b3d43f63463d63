#include "engine/base/descriptor_limit.hpp"

#include <catch2/catch.hpp>

#include <sys/resource.h>

using namespace millrace;

namespace {

rlimit limit_now() {
  rlimit limit{};
  REQUIRE(::getrlimit(RLIMIT_NOFILE, &limit) == 0);
  return limit;
}

}  // namespace

TEST_CASE("the soft limit of open files is raised to the hard one", "[base][descriptors]") {
  const auto before = limit_now();
  REQUIRE(before.rlim_max > 256);
  auto low = before;
  low.rlim_cur = 256;
  REQUIRE(::setrlimit(RLIMIT_NOFILE, &low) == 0);
  const auto raised = raise_descriptor_limit();
  const auto after = limit_now();
  REQUIRE(::setrlimit(RLIMIT_NOFILE, &before) == 0);
  CHECK(after.rlim_cur == before.rlim_max);
  CHECK(after.rlim_max == before.rlim_max);
  CHECK(raised == after.rlim_cur);
}
