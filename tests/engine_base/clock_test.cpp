#include "engine/base/clock.hpp"

#include <cstdint>
#include <limits>

#include <catch2/catch.hpp>

using namespace millrace;
using namespace std::chrono_literals;

TEST_CASE("a manual clock stands still until it is moved", "[base][clock]") {
  ManualClock clock;
  const auto wall = clock.now();
  const auto steady = clock.steady();
  CHECK(clock.now() == wall);
  clock.advance(1500ms);
  CHECK(clock.now() - wall == 1500ms);
  CHECK(clock.steady() - steady == 1500ms);
  CHECK(to_micros(wall) == 1'700'000'000'000'000);
}

TEST_CASE("the system clock moves forward", "[base][clock]") {
  const auto first = system_clock().steady();
  CHECK(system_clock().steady() >= first);
  CHECK(to_micros(system_clock().now()) > 1'700'000'000'000'000);
}

TEST_CASE("times become microseconds and come back", "[base][clock]") {
  for (const std::int64_t micros :
       {std::int64_t{0}, std::int64_t{-1}, std::int64_t{1'785'585'600'123'456}}) {
    CHECK(to_micros(from_micros(micros)) == micros);
  }
  SECTION("what the clock cannot hold becomes its end") {
    CHECK(from_micros(std::numeric_limits<std::int64_t>::max()) == Clock::Wall::max());
    CHECK(from_micros(std::numeric_limits<std::int64_t>::min()) == Clock::Wall::min());
  }
}

TEST_CASE("times are written in RFC 3339, UTC, milliseconds", "[base][clock]") {
  CHECK(to_rfc3339(from_micros(1'785'585'600'123'999)) == "2026-08-01T12:00:00.123Z");
  CHECK(to_rfc3339(from_micros(0)) == "1970-01-01T00:00:00.000Z");
  CHECK(to_rfc3339(from_micros(-1)) == "1969-12-31T23:59:59.999Z");
  CHECK(to_rfc3339(from_micros(951'782'400'000'000)) == "2000-02-29T00:00:00.000Z");
}
