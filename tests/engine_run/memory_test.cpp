#include <optional>

#include <catch2/catch.hpp>

#include "engine/run/budget.hpp"
#include "engine/run/output.hpp"
#include "tests/engine_run/large_operators.hpp"
#include "tests/engine_run/test_operators.hpp"

using namespace millrace;
using namespace millrace::test;

namespace {

constexpr std::int64_t kMiB = 1 << 20;
// What waits, what one call of each of two workers gets and emits, and a part on its way.
constexpr std::int64_t kMostLive = 224 * kMiB;

struct Measured {
  Ran ran;
  std::int64_t most = 0;
};

Measured measure(const PlanBuilder& builder, std::size_t workers = 2) {
  LiveBytes::all().most = 0;
  Swell::done = 0;
  Measured measured{run_threads(builder.build(), workers)};
  measured.most = LiveBytes::all().most;
  CHECK(LiveBytes::all().now == 0);
  return measured;
}

std::vector<std::int64_t> burst_values(std::int64_t rows, std::int64_t times) {
  std::vector<std::int64_t> values;
  for (std::int64_t row = 0; row < rows; ++row) {
    for (std::int64_t i = 0; i < times; ++i) values.push_back(row * 1000 + i);
  }
  return values;
}

}  // namespace

TEST_CASE("what one call emits beyond its bound goes to scratch and comes back in order",
          "[run][memory]") {
  const auto measured =
      measure(PlanBuilder{}
                  .add("in", "input.count", {{"rows", 2}, {"batch", 1}})
                  .add("burst", "preprocess.burst", {{"times", 20}, {"bytes", 16 * kMiB}}, {"in"})
                  .add("shrink", "preprocess.shrink", Json::object(), {"burst"}));
  REQUIRE(!measured.ran.outcome.error);
  CHECK(measured.ran.values == burst_values(2, 20));
  CHECK(measured.ran.outcome.counts.at("spilled") > 0);
  CHECK(measured.most < kMostLive);
}

TEST_CASE(
    "where there is no scratch, a call that emits beyond its bound is exhausted, and its node "
    "named",
    "[run][memory]") {
  const auto plan =
      PlanBuilder{}
          .add("in", "input.count", {{"rows", 1}})
          .add("burst", "preprocess.burst", {{"times", 5}, {"bytes", 16 * kMiB}}, {"in"})
          .build();
  Cancel cancel;
  QuietServices services{cancel};
  services.has_scratch = false;
  InlineScheduler scheduler;
  std::optional<Outcome> outcome;
  run_plan(plan, scheduler, services, cancel, {},
           [&](Outcome ended) { outcome = std::move(ended); });
  scheduler.drain();
  REQUIRE(outcome);
  REQUIRE(outcome->error);
  CHECK(outcome->error->code == Code::Exhausted);
  CHECK(outcome->error->message.starts_with("burst: what one call emitted does not fit in memory"));
  CHECK(outcome->failed_node == "burst");
  CHECK(LiveBytes::all().now == 0);
}

TEST_CASE("an operator that is called again waits until what it emitted has moved on",
          "[run][memory]") {
  const bool at_end = GENERATE(false, true);
  CAPTURE(at_end);
  const auto measured = measure(
      PlanBuilder{}
          .add("in", "input.count", {{"rows", 1}, {"batch", 1}})
          .add("burst", "preprocess.burst",
               {{"times", 30}, {"bytes", 32 * kMiB}, {"steps", 1}, {"at_end", at_end}}, {"in"})
          .add("shrink", "preprocess.shrink", Json::object(), {"burst"}));
  REQUIRE(!measured.ran.outcome.error);
  CHECK(measured.ran.values == burst_values(1, 30));
  CHECK(measured.ran.outcome.counts.at("calls") == 30);
  CHECK(measured.ran.outcome.counts.at("spilled") == 0);
  CHECK(measured.most < kMostLive);
}

TEST_CASE("finished pieces that wait for an earlier one are bounded in bytes", "[run][memory]") {
  const auto measured =
      measure(PlanBuilder{}
                  .add("in", "input.count", {{"rows", 40}, {"batch", 1}})
                  .add("swell", "preprocess.swell", {{"bytes", 32 * kMiB}, {"others", 20}}, {"in"})
                  .add("shrink", "preprocess.shrink", Json::object(), {"swell"}));
  REQUIRE(!measured.ran.outcome.error);
  CHECK(measured.ran.values.size() == 40);
  CHECK(std::is_sorted(measured.ran.values.begin(), measured.ran.values.end()));
  CHECK(measured.most < kMostLive);
}

TEST_CASE("the batches on all edges of a run together are bounded in bytes", "[run][memory]") {
  PlanBuilder builder;
  builder.add("in", "input.large", {{"batches", 40}, {"bytes", 16 * kMiB}});
  std::string before = "in";
  for (int i = 0; i < 12; ++i) {
    const auto name = "pass" + std::to_string(i);
    builder.add(name, "preprocess.sum", Json::object(), {before});  // has state: is not fused
    before = name;
  }
  builder.add("shrink", "preprocess.shrink", {{"stands", true}}, {before});
  const auto measured = measure(builder);
  REQUIRE(!measured.ran.outcome.error);
  CHECK(measured.ran.values.size() == 40);
  // The budget of two workers is 64 MiB, and what is being made comes on top of it.
  CHECK(measured.most < 128 * kMiB);
}

TEST_CASE("parts of a number meet in the same order whatever the workers do",
          "[run][memory][merge]") {
  const auto plan = [](std::int64_t steps) {
    return PlanBuilder{}
        .add("in", "input.count", {{"rows", 6}, {"batch", 1}})
        .add("burst", "preprocess.burst", {{"times", 5}, {"steps", steps}}, {"in"})
        .add("plain", "preprocess.add", {{"by", 0}}, {"in"})
        .add("end", "preprocess.burst", {{"times", 4}, {"steps", 1}, {"at_end", true}}, {"in"})
        .add("sum", "preprocess.sum", Json::object(), {"burst", "plain", "end"})
        .build();
  };
  for (const std::int64_t steps : {1, 2, 5}) {
    const auto wanted = run_inline(plan(steps));
    REQUIRE(!wanted.outcome.error);
    CHECK(wanted.values.size() == 6 * 5 + 6 + 4);
    for (std::uint64_t seed = 1; seed < 20; ++seed) {
      const auto ran = run_inline(plan(steps), seed);
      REQUIRE(!ran.outcome.error);
      CHECK(ran.values == wanted.values);
    }
    for (int round = 0; round < 5; ++round)
      CHECK(run_threads(plan(steps), 4).values == wanted.values);
  }
}

TEST_CASE(
    "a batch that is tried again emits nothing of its failed try, however many calls that took",
    "[run][memory][retry]") {
  const auto ran = run_threads(
      PlanBuilder{}
          .add("in", "input.count", {{"rows", 3}, {"batch", 1}})
          .add("burst", "preprocess.burst",
               {{"times", 4}, {"steps", 1}, {"failures", 2}, {"bytes", 20 * kMiB}}, {"in"})
          .retry(3)
          .add("shrink", "preprocess.shrink", Json::object(), {"burst"})
          .build(),
      2);
  REQUIRE(!ran.outcome.error);
  CHECK(ran.values == burst_values(3, 4));
  CHECK(ran.outcome.counts.at("calls") == 12);
}

TEST_CASE("an operator that wants a number whole gets all of its parts as one batch",
          "[run][memory]") {
  const auto plan = PlanBuilder{}
                        .add("in", "input.count", {{"rows", 4}, {"batch", 1}})
                        .add("burst", "preprocess.burst", {{"times", 7}, {"steps", 2}}, {"in"})
                        .add("whole", "preprocess.whole", Json::object(), {"burst"})
                        .build();
  for (std::uint64_t seed = 0; seed < 5; ++seed) {
    CHECK(run_inline(plan, seed).values == std::vector<std::int64_t>{7, 7, 7, 7});
  }
}

TEST_CASE("a run in parts goes on from its checkpoints", "[run][memory][checkpoint]") {
  const auto plan = PlanBuilder{}
                        .add("in", "input.count", {{"rows", 8}, {"batch", 1}})
                        .add("burst", "preprocess.burst", {{"times", 3}, {"steps", 1}}, {"in"})
                        .add("sum", "preprocess.sum", Json::object(), {"burst", "in"})
                        .build();
  std::vector<Checkpoint> kept;
  RunOptions options;
  options.checkpoint_every = std::chrono::milliseconds{0};
  options.on_checkpoint = [&](const Checkpoint& checkpoint) -> Result<void> {
    kept.push_back(checkpoint);
    return {};
  };
  const auto whole = run_inline(plan, 0, std::move(options)).values;
  REQUIRE(whole.size() == 8 * 4);
  REQUIRE(!kept.empty());
  for (const Checkpoint& checkpoint : kept) {
    RunOptions again;
    again.resume = checkpoint;
    const auto ran = run_inline(plan, 3, std::move(again));
    REQUIRE(!ran.outcome.error);
    const auto left = static_cast<std::ptrdiff_t>((7 - checkpoint.sequence) * 4);
    CHECK(ran.values == std::vector<std::int64_t>{whole.end() - left, whole.end()});
  }
}

TEST_CASE("a budget names those who wait once, when there is room again", "[run][budget]") {
  Budget budget{100};
  CHECK(budget.add(60).empty());
  CHECK(budget.has_room_for(1));
  CHECK(budget.add(60).empty());
  CHECK(!budget.has_room_for(1));
  CHECK(!budget.has_room_for(2));
  CHECK(!budget.has_room_for(1));
  CHECK(budget.add(-10).empty());
  CHECK(budget.add(-30) == std::vector<std::uint32_t>{1, 2});
  CHECK(budget.add(-30).empty());
  CHECK(budget.has_room());
}

TEST_CASE("rows that a run gives back are bounded in bytes", "[run][memory][limits]") {
  const auto plan =
      PlanBuilder{}.add("in", "input.large", {{"batches", 4}, {"bytes", kMiB}}).build();
  const auto ran = [&plan](std::size_t kept_bytes) {
    RunOptions options;
    options.kept_bytes = kept_bytes;
    return run_inline(plan, 0, std::move(options)).outcome;
  };
  CHECK(!ran(5 * kMiB).error);
  const auto refused = ran(3 * kMiB);
  REQUIRE(refused.error);
  CHECK(refused.error->code == Code::Exhausted);
  CHECK(refused.error->message.find("end the pipeline in an output") != std::string::npos);
}

TEST_CASE("rows that an operator wants at once are bounded in bytes", "[run][memory][limits]") {
  const auto plan =
      PlanBuilder{}
          .add("in", "input.count", {{"rows", 1}, {"batch", 1}})
          .add("burst", "preprocess.burst", {{"times", 4}, {"bytes", kMiB}, {"steps", 1}}, {"in"})
          .add("whole", "preprocess.whole", Json::object(), {"burst"})
          .build();
  const auto ran = [&plan](std::size_t whole_bytes) {
    RunOptions options;
    options.whole_bytes = whole_bytes;
    return run_inline(plan, 0, std::move(options)).outcome;
  };
  CHECK(!ran(5 * kMiB).error);
  const auto refused = ran(3 * kMiB);
  REQUIRE(refused.error);
  CHECK(refused.error->code == Code::Exhausted);
  CHECK(refused.failed_node == "whole");
  CHECK(LiveBytes::all().now == 0);
}
