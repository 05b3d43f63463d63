#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <thread>
#include <vector>

#include <catch2/catch.hpp>

#include "engine/run/wake_state.hpp"
#include "tests/engine_run/test_operators.hpp"

using namespace millrace;
using namespace millrace::test;

namespace {

// One poke and one begin of a node that was poked before, each on a thread of its own.
struct Round {
  alignas(64) WakeState state;
  alignas(64) std::atomic<bool> has_changed{false};
  bool is_seen = false;
};

// Two threads that go from round to round side by side.
class SideBySide {
 public:
  void step(std::size_t who, std::size_t round) {
    at_[who].round.store(round, std::memory_order_release);
    for (int spins = 0; at_[1 - who].round.load(std::memory_order_acquire) < round; ++spins) {
      if (spins > 1000) std::this_thread::yield();
    }
  }

 private:
  struct alignas(64) Place {
    std::atomic<std::size_t> round{0};
  };
  std::array<Place, 2> at_;
};

}  // namespace

// A lost wake-up leaves the run with nodes that are not done and nothing to do, which it tells as
// an error. Each batch is a piece of its own, so that nodes are poked by several threads just while
// they stop and start.
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

// Finds a poke() that first loads the state, or a begin() that plainly stores it, where the
// compiler optimises: some rounds in a thousand are lost then.
TEST_CASE("what changed before a poke is seen by the pump that begins, or by another one behind it",
          "[run][stress]") {
  constexpr int kTimes = 50;
  constexpr std::size_t kRounds = 10'000;
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds{3};
  std::size_t lost = 0;
  for (int time = 0; time < kTimes && std::chrono::steady_clock::now() < deadline; ++time) {
    std::vector<Round> rounds(kRounds);
    for (Round& round : rounds) round.state.poke();
    SideBySide threads;
    {
      const std::jthread poker{[&] {
        for (std::size_t i = 0; i < kRounds; ++i) {
          threads.step(0, i + 1);
          rounds[i].has_changed.store(true, std::memory_order_relaxed);
          rounds[i].state.poke();
        }
      }};
      for (std::size_t i = 0; i < kRounds; ++i) {
        threads.step(1, i + 1);
        rounds[i].state.begin();
        rounds[i].is_seen = rounds[i].has_changed.load(std::memory_order_relaxed);
      }
    }
    for (Round& round : rounds) lost += !round.is_seen && round.state.try_end() ? 1 : 0;
  }
  CHECK(lost == 0);
}
