#include <numeric>
#include <thread>

#include <catch2/catch.hpp>

#include "tests/engine_run/test_operators.hpp"

using namespace millrace;
using namespace millrace::test;

namespace {

std::vector<std::int64_t> numbers(std::int64_t from, std::int64_t count) {
  std::vector<std::int64_t> made(static_cast<std::size_t>(count));
  std::iota(made.begin(), made.end(), from);
  return made;
}

}  // namespace

TEST_CASE("rows leave a run in the order of the input", "[run][order]") {
  const auto plan = PlanBuilder{}
                        .add("in", "input.count", {{"rows", 1000}, {"batch", 7}})
                        .add("add", "preprocess.add", {{"by", 5}}, {"in"}, {{"grain", 2}})
                        .add("drop", "filter.drop", {{"of", 1'000'000}}, {"add"})
                        .build();
  const auto wanted = numbers(5, 1000);
  for (std::uint64_t seed = 0; seed < 20; ++seed)
    CHECK(test::run_inline(plan, seed).values == wanted);
  CHECK(run_threads(plan, 1).values == wanted);
  CHECK(run_threads(plan, 8).values == wanted);
}

TEST_CASE(
    "a replicable operator has as many instances as it wants at the most, in order all the same",
    "[run][order]") {
  const auto [blocking, wanted] = GENERATE(table<bool, std::int64_t>({{false, 2}, {true, 1}}));
  const Json traits{{"instances", wanted}, {"blocking", blocking}};
  const auto plan = PlanBuilder{}
                        .add("in", "input.count", {{"rows", 60}, {"batch", 2}})
                        .add("slow", "preprocess.slow", Json::object(), {"in"}, traits)
                        .build();
  const Ran ran = run_threads(plan, 8);
  CHECK(ran.values == numbers(0, 60));
  CHECK(ran.outcome.counts.at("instances") == wanted);
  CHECK(test::run_inline(plan).values == numbers(0, 60));
}

TEST_CASE("a watch names the nodes whose operators are being called", "[run][watch]") {
  const auto traits = GENERATE(Json::object(), Json{{"replicable", true}, {"stateless", false}});
  const auto plan = PlanBuilder{}
                        .add("in", "input.count", {{"rows", 4}})
                        .add("idle", "preprocess.add", {{"by", 1}}, {"in"})
                        .add("stuck", "preprocess.wait", Json::object(), {"idle"}, traits)
                        .build();
  RunWatch watch;
  CHECK(watch.busy_nodes().empty());
  std::vector<std::string> busy;
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds{30};
  RunOptions options;
  options.watch = &watch;
  const Ran ran = run_threads(plan, 2, options, [&](Cancel& cancel) {
    while (busy != std::vector<std::string>{"stuck"} &&
           std::chrono::steady_clock::now() < deadline) {
      std::this_thread::yield();
      busy = watch.busy_nodes();
    }
    cancel.stop(StopReason::Shutdown);
  });
  CHECK(busy == std::vector<std::string>{"stuck"});
  CHECK(ran.outcome.stopped == StopReason::Shutdown);
  CHECK(watch.busy_nodes().empty());
}

TEST_CASE("rows of one root follow the order of preOps where branches meet", "[run][merge]") {
  const auto plan = PlanBuilder{}
                        .add("in", "input.count", {{"rows", 4}, {"batch", 3}})
                        .add("plus", "preprocess.add", {{"by", 100}}, {"in"})
                        .add("all", "preprocess.sum", Json::object(), {"plus", "in"})
                        .build();
  // 100, 0, 101, 1, 102, 2, 103, 3 as running sums
  CHECK(test::run_inline(plan).values ==
        std::vector<std::int64_t>{100, 100, 201, 202, 304, 306, 409, 412});
}

TEST_CASE("inputs are read one after the other", "[run][order]") {
  const auto plan = PlanBuilder{}
                        .add("a", "input.count", {{"rows", 5}, {"batch", 2}})
                        .add("b", "input.count", {{"from", 100}, {"rows", 5}, {"batch", 2}})
                        .add("only_b", "preprocess.add", {{"by", 1000}}, {"b"})
                        .add("all", "filter.drop", {{"of", 1'000'000}}, {"only_b", "a", "b"})
                        .build();
  const std::vector<std::int64_t> wanted{1,   2,    3,   4,    1100, 100,  1101,
                                         101, 1102, 102, 1103, 103,  1104, 104};
  for (std::uint64_t seed = 0; seed < 20; ++seed)
    CHECK(test::run_inline(plan, seed).values == wanted);
  CHECK(run_threads(plan, 4).values == wanted);
}

TEST_CASE("output ports carry what was emitted on them", "[run][ports]") {
  const auto plan = PlanBuilder{}
                        .add("in", "input.count", {{"rows", 6}, {"batch", 4}})
                        .add("split", "preprocess.split", Json::object(), {"in"})
                        .add("odd", "preprocess.add", {{"by", 10}}, {"split:odd"})
                        .add("even", "preprocess.add", {{"by", 20}}, {"split"})
                        .build();
  CHECK(test::run_inline(plan).values == std::vector<std::int64_t>{11, 13, 15, 20, 22, 24});
}

TEST_CASE("what an operator emits at the end comes after all batches", "[run][finish]") {
  const auto plan = PlanBuilder{}
                        .add("in", "input.count", {{"rows", 10}, {"batch", 3}})
                        .add("total", "preprocess.total", Json::object(), {"in"})
                        .add("add", "preprocess.add", {{"by", 1}}, {"total"})
                        .build();
  CHECK(test::run_inline(plan).values == std::vector<std::int64_t>{46});
}

TEST_CASE("a fused chain gives what its nodes give apart", "[run][chain]") {
  PlanBuilder fused;
  fused.add("in", "input.count", {{"rows", 50}, {"batch", 8}})
      .add("add", "preprocess.add", {{"by", 3}}, {"in"})
      .fuse("repeat", "augment.repeat", {{"times", 3}})
      .fuse("drop", "filter.drop", {{"of", 5}})
      .fuse("total", "preprocess.total")
      .fuse("again", "preprocess.add", {{"by", 1}});
  PlanBuilder apart;
  apart.add("in", "input.count", {{"rows", 50}, {"batch", 8}})
      .add("add", "preprocess.add", {{"by", 3}}, {"in"})
      .add("repeat", "augment.repeat", {{"times", 3}}, {"add"})
      .add("drop", "filter.drop", {{"of", 5}}, {"repeat"})
      .add("total", "preprocess.total", Json::object(), {"drop"})
      .add("again", "preprocess.add", {{"by", 1}}, {"total"});
  const auto values = test::run_inline(fused.build()).values;
  CHECK(values.size() == 1);
  CHECK(values == test::run_inline(apart.build()).values);
}

TEST_CASE("edges bounded to one parcel give the same rows and do not stall", "[run][bounds]") {
  PlanBuilder builder;
  builder.add("in", "input.count", {{"rows", 200}, {"batch", 1}});
  std::vector<std::string> last{"in"};
  for (int i = 0; i < 6; ++i) {
    const auto name = "n" + std::to_string(i);
    builder.add(name, i % 2 == 0 ? "augment.repeat" : "preprocess.sum", Json::object(), last);
    last = {name, "in"};
  }
  builder.add("all", "filter.drop", {{"of", 7}}, last);
  const auto plan = builder.build();
  RunOptions narrow;
  narrow.edge_bytes = 1;
  narrow.window = 1;
  const auto wanted = test::run_inline(plan).values;
  CHECK(wanted.size() > 200);
  CHECK(test::run_inline(plan, 3, narrow).values == wanted);
  CHECK(run_threads(plan, 3, narrow).values == wanted);
}

TEST_CASE("grain gives one call few rows, and never cuts a root", "[run][grain]") {
  const auto plan = PlanBuilder{}
                        .add("in", "input.count", {{"rows", 12}, {"batch", 12}})
                        .add("repeat", "augment.repeat", {{"times", 4}}, {"in"})
                        .add("add", "preprocess.add", {{"by", 1}}, {"repeat"}, {{"grain", 2}})
                        .build();
  const auto ran = run_threads(plan, 4);
  CHECK(ran.values == test::run_inline(plan).values);
  // 12 roots with 1, 2, 3, 4, 1, 2, ... rows: slices {0, 1} {2} {3} three times over
  CHECK(ran.outcome.counts.at("calls") == 9);
}

TEST_CASE("the first error of a node ends the run and names the node", "[run][error]") {
  const auto plan =
      PlanBuilder{}
          .add("in", "input.count", {{"rows", 1000}})
          .add("bad", "preprocess.fail", {{"at", 500}, {"code", MR_DATA_INVALID}}, {"in"})
          .add("add", "preprocess.add", Json::object(), {"bad"})
          .build();
  const auto ran = run_threads(plan, 4);
  REQUIRE(ran.outcome.error);
  CHECK(ran.outcome.error->code == Code::DataInvalid);
  CHECK(ran.outcome.error->message == "bad: no luck");
  CHECK(ran.outcome.failed_node == "bad");
}

TEST_CASE("a passing fault is tried again, and what the failed try emitted is not seen",
          "[run][retry]") {
  const auto build = [](int tries, int failures, int code, bool grain) {
    return PlanBuilder{}
        .add("in", "input.count", {{"rows", 30}})
        .add("bad", "preprocess.fail", {{"at", 12}, {"times", failures}, {"code", code}}, {"in"},
             {{"grain", grain ? 1 : 0}})
        .retry(tries)
        .build();
  };
  SECTION("until it works") {
    const auto ran = run_threads(build(3, 2, MR_UNAVAILABLE, false), 2);
    CHECK(!ran.outcome.error);
    CHECK(ran.values == numbers(0, 30));
    CHECK(ran.outcome.counts.at("attempt") == 2);
  }
  SECTION("but not more often than allowed") {
    const auto ran = run_threads(build(3, 3, MR_UNAVAILABLE, false), 2);
    REQUIRE(ran.outcome.error);
    CHECK(ran.outcome.error->code == Code::Unavailable);
  }
  SECTION("and never when trying again cannot help") {
    const auto ran = run_threads(build(3, 1, MR_INVALID_ARGUMENT, false), 2);
    REQUIRE(ran.outcome.error);
    CHECK(ran.outcome.error->code == Code::InvalidArgument);
  }
}

TEST_CASE("a batch that takes longer than its time-out is an error", "[run][timeout]") {
  const auto plan = PlanBuilder{}
                        .add("in", "input.count", {{"rows", 1}})
                        .add("slow", "preprocess.wait", Json::object(), {"in"})
                        .timeout(std::chrono::milliseconds{20})
                        .build();
  const auto ran = run_threads(plan, 2);
  REQUIRE(ran.outcome.error);
  CHECK(ran.outcome.error->code == Code::DeadlineExceeded);
}

TEST_CASE("a stopped run ends with the reason it was given first", "[run][cancel]") {
  const auto plan = PlanBuilder{}
                        .add("in", "input.count", {{"rows", 1'000'000'000}, {"batch", 1}})
                        .add("wait", "preprocess.wait", Json::object(), {"in"})
                        .build();
  const auto ran = run_threads(plan, 2, {}, [](Cancel& cancel) {
    CHECK(cancel.stop(StopReason::User));
    CHECK(!cancel.stop(StopReason::Shutdown));
  });
  CHECK(ran.outcome.stopped == StopReason::User);
  REQUIRE(ran.outcome.error);
  CHECK(ran.outcome.error->code == Code::Cancelled);
}

TEST_CASE("a plan without rows ends well", "[run][empty]") {
  const auto plan = PlanBuilder{}
                        .add("in", "input.count", {{"rows", 0}})
                        .add("add", "preprocess.add", Json::object(), {"in"})
                        .add("total", "preprocess.total", Json::object(), {"add"})
                        .build();
  const auto ran = test::run_inline(plan);
  CHECK(!ran.outcome.error);
  CHECK(ran.values == std::vector<std::int64_t>{0});
}
