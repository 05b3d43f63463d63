#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <functional>
#include <optional>
#include <thread>
#include <utility>
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

// Two processors whose stores wait in a buffer of their own, as those of x86 do, for as long as
// they may: until an access of the same processor that loads and stores in one step.
struct Processors {
  std::size_t at_work = 0;  // whose accesses these are
  std::array<std::vector<std::function<void()>>, 2> buffers;

  void drain(std::size_t processor) {
    for (const auto& store : std::exchange(buffers[processor], {})) store();
  }
} processors;

template <class T>
class Buffered {
 public:
  explicit Buffered(T value) : value_{value} {}

  T load(std::memory_order) const { return mine().value_or(value_); }
  void store(T value, std::memory_order) {
    mine() = value;
    processors.buffers[processors.at_work].push_back(
        [this, value, writer = processors.at_work] { value_ = value, waiting_[writer].reset(); });
  }
  T exchange(T value, std::memory_order) { return std::exchange(now(), value); }
  T fetch_or(T bits, std::memory_order) {
    T& value = now();
    return std::exchange(value, static_cast<T>(value | bits));
  }
  bool compare_exchange_strong(T& expected, T wanted, std::memory_order) {
    T& value = now();
    if (value == expected) return value = wanted, true;
    return expected = value, false;
  }

 private:
  // What the processor at work has stored and nobody else sees.
  std::optional<T>& mine() { return waiting_[processors.at_work]; }
  const std::optional<T>& mine() const { return waiting_[processors.at_work]; }
  T& now() {
    processors.drain(processors.at_work);
    return value_;
  }

  T value_;
  std::array<std::optional<T>, 2> waiting_;
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

TEST_CASE("a change is seen though stores wait in buffers, whoever comes first", "[run]") {
  constexpr std::size_t kPoker = 0, kPump = 1;
  std::array<std::size_t, 4> turns{kPoker, kPoker, kPump, kPump};
  do {
    CAPTURE(turns);
    BasicWakeState<Buffered> state;
    Buffered<bool> has_changed{false};
    processors.at_work = kPoker;
    REQUIRE(state.poke());  // before, by somebody else: the pump is on its way
    bool is_seen = false, is_caller_to_pump = false;
    std::array<int, 2> steps{};
    for (const auto turn : turns) {
      processors.at_work = turn;
      const bool is_first = steps[turn]++ == 0;
      if (turn == kPoker && is_first) has_changed.store(true, std::memory_order_relaxed);
      if (turn == kPoker && !is_first) is_caller_to_pump = state.poke();
      if (turn == kPump && is_first) state.begin();
      if (turn == kPump && !is_first) is_seen = has_changed.load(std::memory_order_relaxed);
    }
    for (const auto processor : {kPoker, kPump}) processors.drain(processor);
    processors.at_work = kPump;
    const bool looks_again = !state.try_end();
    CHECK((is_seen || looks_again || is_caller_to_pump));
  } while (std::next_permutation(turns.begin(), turns.end()));
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
