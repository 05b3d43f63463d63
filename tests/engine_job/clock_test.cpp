#include <atomic>

#include <catch2/catch.hpp>

#include "job_place.hpp"

using namespace millrace;
using namespace std::chrono_literals;
using test::JobPlace;
using test::must;
using test::numbers;

namespace {

// The machine's clock, whose wall time a person sets.
class SetClock final : public Clock {
 public:
  [[nodiscard]] Wall now() const override {
    return system_clock().now() + std::chrono::hours{hours_.load()};
  }
  [[nodiscard]] Steady steady() const override { return system_clock().steady(); }
  void set_back(int hours) { hours_ -= hours; }

 private:
  std::atomic<int> hours_{0};
};

}  // namespace

TEST_CASE("with the wall clock set back, those who watch a job still hear of it", "[job][clock]") {
  SetClock clock;
  JobPlace place;
  place.clock = &clock;
  place.open();
  const auto id = place.submit(place.pipeline({{"batches", 1}, {"gate", place.path("gate")}}));
  std::atomic<int> heard{0};
  const auto watch = place.service().watch(id, [&heard](JobId) { ++heard; });
  place.wait_for(id, JobState::Running);
  const auto hears = [&heard](int wanted) {
    const auto deadline = std::chrono::steady_clock::now() + 20s;
    while (heard < wanted && std::chrono::steady_clock::now() < deadline)
      std::this_thread::sleep_for(1ms);
    return heard >= wanted;
  };
  REQUIRE(hears(heard + 1));
  clock.set_back(1);
  CHECK(hears(heard + 2));
  place.service().unwatch(watch);
  place.touch("gate");
  CHECK(place.wait_until_final(id).state == JobState::Finished);
  place.close();
}

TEST_CASE("with the wall clock set back, a job that waits for another attempt still comes to it",
          "[job][clock]") {
  SetClock clock;
  JobPlace place{GENERATE(SqlDialect::Sqlite, SqlDialect::MySql)};
  place.clock = &clock;
  place.settings.retry_first = place.settings.retry_longest = 500ms;
  place.open();
  const auto id =
      place.submit(place.pipeline({{"batches", 2}, {"fail_until", place.path("well")}}, "list"));
  place.wait(id, [](const Job& job) { return job.failures == 1 && job.state == JobState::Queued; });
  clock.set_back(1);
  place.touch("well");
  CHECK(place.wait_until_final(id).state == JobState::Finished);
  CHECK(place.read("list") == numbers(2));
  place.close();
}

TEST_CASE("with the wall clock set back, a deadline still comes", "[job][clock]") {
  SetClock clock;
  JobPlace place;
  place.clock = &clock;
  place.open();
  JobRequest request;
  request.pipeline = place.pipeline({{"batches", 2}, {"gate", place.path("never")}});
  request.deadline = 2s;
  const auto id = place.submit(request);
  place.wait_for(id, JobState::Running);
  clock.set_back(1);
  const Job job = place.wait_until_final(id);
  CHECK(job.state == JobState::Aborted);
  CHECK(job.stop_reason == StopReason::Deadline);
  place.close();
}
