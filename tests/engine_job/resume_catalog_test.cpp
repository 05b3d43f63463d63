// A job that reads the catalog goes on behind the page that its checkpoint tells.
#include <catch2/catch.hpp>

#include "engine/base/random.hpp"
#include "job_place.hpp"
#include "mortal_scheduler.hpp"

using namespace millrace;
using test::JobPlace;
using test::must;
using test::numbers;

namespace {

constexpr int kRows = 20'000;  // five pages

// Aliases whose internal ids are 0 to kRows - 1, and whose key has another order.
void fill(JobPlace& place) {
  place.open(false);
  must(place.catalog().write_and_wait([](Connection& connection) -> Result<void> {
    const std::string digit =
        "(SELECT 0 AS d UNION ALL SELECT 1 UNION ALL SELECT 2 UNION ALL SELECT 3 UNION ALL SELECT "
        "4 "
        "UNION ALL SELECT 5 UNION ALL SELECT 6 UNION ALL SELECT 7 UNION ALL SELECT 8 UNION ALL "
        "SELECT 9)";
    std::string from;
    for (const char name : {'a', 'b', 'c', 'e'})
      from += (from.empty() ? "" : ", ") + digit + " " + name;
    for (int half = 0; half < 2; ++half) {
      const std::string number =
          std::to_string(half * 10'000) + " + a.d + 10 * b.d + 100 * c.d + 1000 * e.d";
      MR_CHECK(connection.execute(
          "INSERT INTO aliases (dialect, kind, external_id, internal_id) SELECT 'd', 'k', " +
          number + ", " + number + " FROM " + from));
    }
    return {};
  }));
  place.close();
}

JobRequest read_all(const JobPlace& place) {
  JobRequest request;
  request.idempotency_key = "read";
  request.pipeline =
      Json{{"ops",
            {{{"name", "in"},
              {"type", "input.catalog"},
              {"preOps", Json::array()},
              {"postOps", {"out"}},
              {"params",
               {{"entity", "aliases"}, {"columns", {"internal_id"}}, {"order", {"internal_id"}}}}},
             {{"name", "out"},
              {"type", "output.ledger"},
              {"preOps", {"in"}},
              {"postOps", Json::array()},
              {"params", {{"file", place.uri("list")}, {"column", "internal_id"}}}}}}};
  return request;
}

void check_whole(JobPlace& place) {
  const auto jobs = must(place.store_of_jobs().list({}));
  REQUIRE(jobs.size() == 1);
  CHECK(jobs[0].state == JobState::Finished);
  CHECK(jobs[0].counts == Json{{"generated", 1}, {"read", kRows}, {"written", kRows}});
  CHECK((place.read("list") == numbers(kRows)));  // too long to be shown
}

}  // namespace

TEST_CASE("a job that reads the catalog loses no row and doubles none wherever its process dies",
          "[job][crash][catalog]") {
  const auto kind = GENERATE(SqlDialect::Sqlite, SqlDialect::MySql);
  const std::uint64_t seed = system_random().next();
  WARN("seed " << seed);
  SeededRandom random{seed};
  const int rounds = kind == SqlDialect::Sqlite ? 6 : 2;
  for (int round = 0; round < rounds; ++round) {
    JobPlace place{kind};
    must(place.add_plugin(MR_INPUT_CATALOG));
    fill(place);
    std::size_t lives = 1;
    // An input makes all its pages in one task, so few tasks are enough for a checkpoint. The last
    // life is left alone, since a shared catalog has a limited number of connections.
    while (!test::live_once(place, {read_all(place)}, random.next(),
                            lives > test::most_deaths(kind) ? 1'000'000 : 3 + random.next() % 12)) {
      ++lives;
      // A shared catalog keeps the leases of the dead until they expire.
      place.open(false);
      must(place.store_of_jobs().expire_leases());
      place.close();
      REQUIRE(lives < 12);
    }
    INFO("seed " << seed << " round " << round << " lives " << lives);
    check_whole(place);
  }
}
