#include <catch2/catch.hpp>

#include "tests/engine_run/test_operators.hpp"

using namespace millrace;
using namespace millrace::test;

// A lost wake-up leaves the run with nodes that are not done and nothing to do, which it tells as an error. Each batch is a
// piece of its own, so that nodes are poked by several threads just while they stop and start.
TEST_CASE("no wake-up of a node is lost, however many threads poke it", "[run][stress]") {
  constexpr int kRounds = 400;
  const auto plan = PlanBuilder{}
                        .add("in", "input.count", {{"rows", 60}, {"batch", 1}})
                        .add("a", "preprocess.add", {{"by", 1}}, {"in"}, {{"grain", 1}})
                        .add("b", "preprocess.add", {{"by", 1}}, {"a"}, {{"grain", 1}})
                        .add("c", "preprocess.add", {{"by", 1}}, {"a"}, {{"grain", 1}})
                        .add("sum", "preprocess.sum", Json::object(), {"b", "c"})
                        .build();
  const auto wanted = run_inline(plan).values;
  for (int round = 0; round < kRounds; ++round) {
    const auto ran = run_threads(plan, 4);
    if (ran.outcome.error || ran.values != wanted) {
      CAPTURE(round);
      REQUIRE(!ran.outcome.error);
      REQUIRE(ran.values == wanted);
    }
  }
}
