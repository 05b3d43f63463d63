// Counts and the record log of a job that is interrupted are those of one that is not, however far
// the input was ahead of the checkpoint.
#include <catch2/catch.hpp>

#include "engine/base/random.hpp"
#include "job_place.hpp"
#include "mortal_scheduler.hpp"

using namespace millrace;
using test::JobPlace;
using test::must;
using test::numbers;

namespace {

constexpr int kBatches = 500;
constexpr int kRows = 2;

// Four replicable nodes between input and output: more than 256 batches have room on the way.
JobRequest long_way(const JobPlace& place) {
  JobRequest request;
  request.idempotency_key = "way";
  Json document =
      place.pipeline({{"batches", kBatches}, {"rows", kRows}, {"events", true}}, "list", "log");
  auto& ops = document["ops"];
  Json way = Json::array();
  std::string before = "in";
  for (const char* name : {"a", "b", "c", "d"}) {
    way.push_back({{"name", name},
                   {"type", "augment.teller"},
                   {"preOps", {before}},
                   {"params", {{"counter", std::string{"by "} + name}}}});
    before = name;
  }
  ops[0].erase("postOps");
  ops[1]["preOps"] = {before};
  for (Json& op : way) ops.push_back(std::move(op));
  request.pipeline = std::move(document);
  return request;
}

// The record log without its times, a line each.
std::string log_of(JobPlace& place) {
  std::istringstream log{place.read("log").value_or("")};
  std::string text;
  for (std::string line; std::getline(log, line);) {
    Json parsed = Json::parse(line);
    parsed.erase("time");
    text += parsed.dump() + "\n";
  }
  return text;
}

void check_counts(const Job& job) {
  CHECK(job.state == JobState::Finished);
  const auto all = kBatches * kRows;
  CHECK(job.counts == Json{{"by a", all},
                           {"by b", all},
                           {"by c", all},
                           {"by d", all},
                           {"generated", 1},
                           {"read", all},
                           {"written", all}});
}

// What a job writes that nobody disturbs.
std::string undisturbed(std::size_t workers) {
  JobPlace place;
  place.workers = workers;
  place.open();
  check_counts(place.wait_until_final(place.submit(long_way(place))));
  CHECK((place.read("list") == numbers(kBatches * kRows)));
  return log_of(place);
}

}  // namespace

TEST_CASE("the record log is the same for any number of workers", "[job][record_log][order]") {
  const auto one = undisturbed(1);
  CHECK(std::count(one.begin(), one.end(), '\n') == kBatches * kRows + 4 * 334 + 1);
  CHECK((undisturbed(6) == one));
}

TEST_CASE("counts and record log do not tell where a process died", "[job][crash][record_log]") {
  const auto wanted = undisturbed(2);
  const auto kind = GENERATE(SqlDialect::Sqlite, SqlDialect::MySql);
  const std::uint64_t seed = system_random().next();
  WARN("seed " << seed);
  SeededRandom random{seed};
  const int rounds = kind == SqlDialect::Sqlite ? 4 : 1;
  for (int round = 0; round < rounds; ++round) {
    JobPlace place{kind};
    std::size_t lives = 1;
    std::string story;
    while (true) {
      const std::size_t budget =
          lives > test::most_deaths(kind) ? 1'000'000 : 50 + random.next() % 2'000;
      story += " " + std::to_string(budget);
      if (test::live_once(place, {long_way(place)}, random.next(), budget)) break;
      ++lives;
      place.open(false);
      must(place.store_of_jobs().expire_leases());
      place.close();
    }
    INFO("seed " << seed << " round " << round << " tasks of each life" << story);
    const auto jobs = must(place.store_of_jobs().list({}));
    REQUIRE(jobs.size() == 1);
    check_counts(jobs[0]);
    CHECK((place.read("list") == numbers(kBatches * kRows)));
    CHECK((log_of(place) == wanted));
    CHECK(lives > 1);
  }
}
