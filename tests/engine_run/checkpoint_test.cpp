#include <catch2/catch.hpp>

#include "engine/run/barrier.hpp"
#include "tests/engine_run/test_operators.hpp"

using namespace millrace;
using namespace millrace::test;

namespace {

// Runs a plan, keeping every checkpoint, and the rows that had left the run by then.
std::vector<Checkpoint> checkpoints_of(const std::shared_ptr<const Plan>& plan,
                                       std::uint64_t seed) {
  std::vector<Checkpoint> kept;
  RunOptions options;
  options.window = 1;  // so that the input does not run ahead of the checkpoint
  options.checkpoint_every = std::chrono::milliseconds{0};
  options.on_checkpoint = [&](const Checkpoint& checkpoint) -> Result<void> {
    kept.push_back(checkpoint);
    return {};
  };
  CHECK(!test::run_inline(plan, seed, options).outcome.error);
  return kept;
}

// The rows of a run from a checkpoint must be the last rows of the whole run.
void check_resumes(const std::shared_ptr<const Plan>& plan) {
  const auto whole = test::run_inline(plan).values;
  for (std::uint64_t seed = 0; seed < 5; ++seed) {
    const auto checkpoints = checkpoints_of(plan, seed);
    REQUIRE(checkpoints.size() > 2);
    std::size_t longest = whole.size() + 1;
    for (const Checkpoint& checkpoint : checkpoints) {
      RunOptions options;
      options.resume = checkpoint;
      const auto ran = test::run_inline(plan, seed, options);
      CHECK(!ran.outcome.error);
      REQUIRE(ran.values.size() < longest);
      longest = ran.values.size();
      const std::vector<std::int64_t> wanted{whole.end() - static_cast<std::ptrdiff_t>(longest),
                                             whole.end()};
      CHECK(ran.values == wanted);
    }
  }
}

}  // namespace

TEST_CASE("a run goes on from any checkpoint as if it had not stopped", "[run][checkpoint]") {
  SECTION("one input") {
    check_resumes(PlanBuilder{}
                      .add("in", "input.count", {{"rows", 40}, {"batch", 3}})
                      .add("repeat", "augment.repeat", {{"times", 3}}, {"in"}, {{"grain", 1}})
                      .add("sum", "preprocess.sum", Json::object(), {"repeat", "in"})
                      .build());
  }
  SECTION("two inputs that meet") {
    check_resumes(PlanBuilder{}
                      .add("a", "input.count", {{"rows", 20}, {"batch", 3}})
                      .add("b", "input.count", {{"from", 50}, {"rows", 20}, {"batch", 3}})
                      .add("drop", "filter.drop", {{"of", 2}}, {"b"})
                      .add("sum", "preprocess.sum", Json::object(), {"a", "drop"})
                      .build());
  }
}

TEST_CASE("no checkpoint is made where a state cannot be told", "[run][checkpoint]") {
  const auto plan = PlanBuilder{}
                        .add("in", "input.count", {{"rows", 40}})
                        .add("total", "preprocess.total", Json::object(), {"in"})
                        .build();
  CHECK(checkpoints_of(plan, 0).empty());
}

TEST_CASE("no checkpoint is made of an input that tells no state, whatever it declares",
          "[run][checkpoint]") {
  const auto plan = PlanBuilder{}
                        .add("in", "input.forgetful")
                        .add("drop", "filter.drop", Json::object(), {"in"})
                        .build();
  CHECK(checkpoints_of(plan, 0).empty());
  REQUIRE(without_checkpoint(*plan) != nullptr);
  CHECK(without_checkpoint(*plan)->name == "in");
  CHECK_THAT(explain(*plan), Catch::Contains("no checkpoints: in (input.forgetful)"));
}

TEST_CASE("no checkpoint is made while an input runs that does not reach a state",
          "[run][checkpoint]") {
  const auto plan = PlanBuilder{}
                        .add("a", "input.count", {{"rows", 40}})
                        .add("b", "input.count", {{"rows", 40}})
                        .add("sum_a", "preprocess.sum", Json::object(), {"a"})
                        .add("sum_b", "preprocess.sum", Json::object(), {"b"})
                        .build();
  CHECK(checkpoints_of(plan, 0).empty());
}

TEST_CASE("a checkpoint that cannot be written fails the run", "[run][checkpoint]") {
  const auto plan = PlanBuilder{}.add("in", "input.count", {{"rows", 40}}).build();
  RunOptions options;
  options.checkpoint_every = std::chrono::milliseconds{0};
  options.on_checkpoint = [](const Checkpoint&) -> Result<void> {
    return Error{Code::Exhausted, "disk full"};
  };
  const auto ran = test::run_inline(plan, 0, options);
  REQUIRE(ran.outcome.error);
  CHECK(ran.outcome.error->message == "checkpoint: disk full");
}

TEST_CASE("a checkpoint for which a node has no state is given up, and the next one begins",
          "[run][checkpoint]") {
  Barrier barrier{std::chrono::milliseconds{0}, system_clock()};
  REQUIRE(barrier.begin(3, 2));
  CHECK_FALSE(barrier.report(std::nullopt));
  CHECK_FALSE(barrier.begin(4, 2));  // the other node has not reported
  const auto given_up = barrier.report(std::map<std::string, std::string>{{"a", "1"}});
  REQUIRE(given_up);
  CHECK_FALSE(given_up->has_states);
  CHECK(given_up->checkpoint.sequence == 3);
  CHECK_FALSE(barrier.begin(4, 2));  // nobody has seen to it
  barrier.end();
  REQUIRE(barrier.begin(5, 1));
  const auto passed = barrier.report(std::map<std::string, std::string>{{"a", "2"}});
  REQUIRE(passed);
  CHECK(passed->has_states);
  CHECK(passed->checkpoint.sequence == 5);
  CHECK(passed->checkpoint.states.at("a") == "2");
}

TEST_CASE("a batch is marked before its time where that is wanted", "[run][checkpoint]") {
  Barrier barrier{std::chrono::hours{1}, system_clock()};
  CHECK_FALSE(barrier.begin(1, 1));
  REQUIRE(barrier.begin(1, 1, Barrier::When::Now));
  CHECK_FALSE(barrier.begin(2, 1, Barrier::When::Now));
}

TEST_CASE("batches are known to be done where no checkpoint can be made", "[run][checkpoint]") {
  const auto plan = PlanBuilder{}
                        .add("in", "input.count", {{"rows", 40}})
                        .add("add", "preprocess.add", Json::object(), {"in"}, {{"grain", 1}})
                        .add("total", "preprocess.total", Json::object(), {"add"})
                        .build();
  std::vector<std::int64_t> marked, passed;
  RunOptions options;
  options.window = 1;  // so that the input does not run ahead of the mark
  options.window = 1;  // so that the input does not run ahead of the first mark
  options.checkpoint_every = std::chrono::milliseconds{0};
  options.on_checkpoint = [](const Checkpoint&) -> Result<void> {
    return Error{Code::Internal, "there is none"};
  };
  options.on_mark = [&](std::int64_t sequence) { marked.push_back(sequence); };
  options.on_passed = [&](std::int64_t sequence) { passed.push_back(sequence); };
  CHECK(!test::run_inline(plan, 3, options).outcome.error);
  CHECK_FALSE(passed.empty());
  CHECK(marked == passed);
}
