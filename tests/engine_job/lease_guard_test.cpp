#include "engine/job/lease_guard.hpp"

#include <catch2/catch.hpp>

using namespace millrace;
using namespace std::chrono_literals;

TEST_CASE("a lease is over before its time has passed since it was asked for", "[job][fencing]") {
  ManualClock clock;
  LeaseGuard guard{clock, LeaseGuard::Ends::ByTime};
  CHECK_FALSE(LeaseGuard(clock, LeaseGuard::Ends::ByTime).holds());  // nobody gave one
  const auto asked = clock.steady();
  clock.advance(2s);  // until the answer came
  guard.renewed(asked, 10s);
  CHECK(guard.check().ok());
  clock.advance(6s);
  CHECK(guard.holds());
  clock.advance(1s);
  CHECK_FALSE(guard.holds());
  CHECK(guard.check().error().code == Code::Cancelled);
}

TEST_CASE("a renewal makes a lease longer, an older one not shorter", "[job][fencing]") {
  ManualClock clock;
  LeaseGuard guard{clock, LeaseGuard::Ends::ByTime};
  const auto first = clock.steady();
  clock.advance(5s);
  guard.renewed(clock.steady(), 10s);
  guard.renewed(first, 10s);
  clock.advance(8s);
  CHECK(guard.holds());
}

TEST_CASE("a lease that is over stays over, whatever is renewed", "[job][fencing]") {
  ManualClock clock;
  LeaseGuard guard{clock, LeaseGuard::Ends::ByTime};
  guard.renewed(clock.steady(), 10s);
  SECTION("when its time was over") {
    clock.advance(9s);
    CHECK_FALSE(guard.holds());
  }
  SECTION("when it was lost") { guard.lose(); }
  guard.renewed(clock.steady(), 10s);
  CHECK_FALSE(guard.holds());
}

TEST_CASE("where nobody else can take a job over, only what was lost is over", "[job][fencing]") {
  ManualClock clock;
  LeaseGuard guard{clock, LeaseGuard::Ends::WhenLost};
  guard.renewed(clock.steady(), 10s);
  clock.advance(1h);
  CHECK(guard.holds());
  guard.lose();
  CHECK_FALSE(guard.holds());
}
