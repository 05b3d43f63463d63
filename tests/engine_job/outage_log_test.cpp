#include "engine/job/outage_log.hpp"

#include <catch2/catch.hpp>
#include <spdlog/spdlog.h>

using namespace millrace;
using namespace std::chrono_literals;

TEST_CASE("an outage is told once, then once a minute, and anew when it comes again",
          "[job][ending]") {
  spdlog::set_level(spdlog::level::off);
  ManualClock clock;
  OutageLog log{clock};
  const Error error{Code::Unavailable, "away"};
  log.passed("writing");
  CHECK(log.failed("writing", JobId{1}, error));
  for (std::int64_t job = 2; job < 1'000; ++job)
    CHECK_FALSE(log.failed("writing", JobId{job}, error));
  CHECK(log.failed("reading", JobId{1}, error));  // something else
  clock.advance(59s);
  CHECK_FALSE(log.failed("writing", JobId{1}, error));
  clock.advance(1s);
  CHECK(log.failed("writing", JobId{1}, error));
  CHECK_FALSE(log.failed("writing", JobId{2}, error));
  log.passed("writing");
  CHECK(log.failed("writing", JobId{1}, error));
  spdlog::set_level(spdlog::level::info);
}
