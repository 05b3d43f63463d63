#include <algorithm>

#include <catch2/catch.hpp>

#include "tests/engine_run/test_operators.hpp"

using namespace millrace;
using namespace millrace::test;

namespace {

std::vector<std::int64_t> sums(std::int64_t rows) {
  std::vector<std::int64_t> all;
  for (std::int64_t row = 0, sum = 0; row < rows; ++row) all.push_back(sum += row);
  return all;
}

PlanBuilder shaky(Json params) {
  return std::move(PlanBuilder{}
                       .add("in", "input.count", {{"rows", 30}, {"batch", 3}})
                       .add("shaky", "preprocess.shaky", std::move(params), {"in"}));
}

}  // namespace

TEST_CASE("a failed try of an operator with state is repeated from its state before the batch",
          "[run][retry]") {
  SECTION("and what the failed tries counted and told is dropped") {
    const auto ran = run_threads(shaky({{"at", 13}, {"failures", 2}}).retry(3).build(), 2);
    REQUIRE(!ran.outcome.error);
    CHECK(ran.values == sums(30));
    CHECK(ran.outcome.counts.at("calls") == 10);
    CHECK(ran.outcome.counts.at("seen") == 10);
  }
  SECTION("but not more often than allowed") {
    const auto ran = run_threads(shaky({{"at", 13}, {"failures", 3}}).retry(3).build(), 2);
    REQUIRE(ran.outcome.error);
    CHECK(ran.outcome.error->code == Code::Unavailable);
  }
  SECTION("at the first batch too, and on one thread") {
    const auto ran = run_inline(shaky({{"at", 0}, {"failures", 1}}).retry(2).build());
    REQUIRE(!ran.outcome.error);
    CHECK(ran.values == sums(30));
  }
  SECTION("and not at all while that state is not known") {
    const auto ran =
        run_threads(shaky({{"at", 13}, {"failures", 1}, {"silent", true}}).retry(3).build(), 2);
    REQUIRE(ran.outcome.error);
    CHECK(ran.outcome.error->code == Code::Unavailable);
    CHECK(ran.outcome.error->message.find("not tried again") != std::string::npos);
  }
}

TEST_CASE("an input is tried again from its state before the batch", "[run][retry]") {
  const auto plan = PlanBuilder{}
                        .add("in", "input.shaky", {{"rows", 20}, {"at", 7}, {"failures", 2}})
                        .retry(3)
                        .add("sum", "preprocess.sum", Json::object(), {"in"})
                        .build();
  const auto ran = run_threads(plan, 2);
  REQUIRE(!ran.outcome.error);
  CHECK(ran.values == sums(20));
  CHECK(ran.outcome.counts.at("calls") == 20);
}

TEST_CASE("a success is never late", "[run][retry][timeout]") {
  const auto plan = PlanBuilder{}
                        .add("in", "input.count", {{"rows", 9}, {"batch", 3}})
                        .add("slow", "preprocess.thorough", Json::object(), {"in"})
                        .retry(5)
                        .timeout(std::chrono::milliseconds{1})
                        .build();
  const auto ran = run_threads(plan, 2);
  REQUIRE(!ran.outcome.error);
  CHECK(ran.values == sums(9));
}

TEST_CASE("a run that is stopped while a node is late ends as stopped", "[run][retry][timeout]") {
  const auto plan = PlanBuilder{}
                        .add("in", "input.count", {{"rows", 3}})
                        .add("slow", "preprocess.wait", Json::object(), {"in"})
                        .timeout(std::chrono::hours{1})
                        .build();
  const auto ran = run_threads(plan, 2, {}, [](Cancel& cancel) { cancel.stop(StopReason::User); });
  CHECK(ran.outcome.stopped == StopReason::User);
}

TEST_CASE("a checkpoint that is given up is told, less and less often", "[run][checkpoint]") {
  RunOptions options;
  options.checkpoint_every = std::chrono::milliseconds{0};
  int written = 0;
  options.on_checkpoint = [&](const Checkpoint&) -> Result<void> {
    ++written;
    return {};
  };
  const auto ran = run_inline(shaky({{"at", -1}, {"silent", true}}).build(), 0, std::move(options));
  REQUIRE(!ran.outcome.error);
  CHECK(written == 0);
  const auto told =
      std::count_if(ran.messages.begin(), ran.messages.end(), [](const std::string& message) {
        return message.find("no checkpoint") != std::string::npos &&
               message.find("too much to tell") != std::string::npos;
      });
  CHECK(told >= 1);
  CHECK(told <= 4);  // of ten batches: the first, second, fourth and eighth
}
