// How long output.sql waits for a server that says nothing, and a run that is answered at once for
// a lock.
#include <chrono>

#include <catch2/catch.hpp>

#include "tests/fixtures/frost.hpp"
#include "tests/plugins_sql/output_fixture.hpp"

using namespace std::chrono_literals;
using millrace::sql::Dialect;
using millrace::test::Frost;
using plugins_sql::Names;
using plugins_sql::OutputPlace;
using plugins_sql::people;

namespace {

using SilenceClock = std::chrono::steady_clock;

}  // namespace

TEST_CASE("a server that keeps silent counts as away as soon as the pipeline says",
          "[sql][output][silence]") {
  const OutputPlace place{Dialect::MySql};
  auto harness =
      place.harness(R"({"silence_s": 3, "attempts": 1, "transaction_s": 3600})", {.token = 0});
  REQUIRE(harness.push(people({{1, "a"}})).ok());
  const auto begun = SilenceClock::now();
  {
    const Frost frost;
    const auto refused = harness.finish();
    CHECK(refused.code() == MR_UNAVAILABLE);
    CHECK(SilenceClock::now() - begun < 20s);  // instead of a minute
  }
  CHECK(place.names().empty());
}

TEST_CASE("a run that is answered at once waits for a lock as long as its statement, and no lease",
          "[sql][output][silence]") {
  const OutputPlace place{Dialect::MySql};
  auto first = place.harness("{}", {.token = 0});
  REQUIRE(first.push(people({{1, "a"}})).ok());
  REQUIRE(first.finish().ok());
  place.connection->begin();
  place.connection->query("SELECT name FROM people FOR UPDATE");
  const auto begun = SilenceClock::now();
  auto harness =
      place.harness(R"({"mode": "update", "key": ["name"], "attempts": 1, "create": null})",
                    {.token = 0, .lease = 20s});
  static_cast<void>(harness.push(people({{1, "a"}})));
  const auto refused = harness.finish();
  CHECK(refused.code() == MR_UNAVAILABLE);
  CHECK(SilenceClock::now() - begun < 15s);
  place.connection->rollback();
}
