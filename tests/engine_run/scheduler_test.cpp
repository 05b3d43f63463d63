#include "engine/run/scheduler.hpp"

#include <array>
#include <atomic>
#include <future>
#include <string>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

#include "engine/run/cancel.hpp"

using namespace millrace;

namespace {

struct Counter {
  std::atomic<int> runs{0};
  static void run(void* self) { static_cast<Counter*>(self)->runs.fetch_add(1); }
};

}  // namespace

TEST_CASE("a run is stopped at its deadline, which counts once somebody has looked",
          "[run][cancel]") {
  ManualClock clock;
  Cancel cancel{clock, clock.steady() + std::chrono::seconds{1}};
  CHECK_FALSE(cancel.stopped());
  clock.advance(std::chrono::seconds{1});
  CHECK(cancel.reason() == StopReason::None);
  CHECK(cancel.stopped());
  CHECK(cancel.reason() == StopReason::Deadline);
  CHECK_FALSE(cancel.stop(StopReason::User));
  Cancel earlier{clock, clock.steady()};
  CHECK(earlier.stop(StopReason::User));
  CHECK(earlier.stopped());
  CHECK(earlier.reason() == StopReason::User);
  CHECK_FALSE(Cancel{}.stopped());
}

TEST_CASE("worker pools run every task before they end", "[scheduler]") {
  Counter counter;
  {
    const auto pools = make_worker_pools({.control = 2, .compute = 3}, system_clock());
    for (int i = 0; i < 1000; ++i) {
      pools->submit({Counter::run, &counter}, i % 2 == 0 ? Pool::Compute : Pool::Control);
    }
    pools->submit_after(std::chrono::milliseconds{5}, {Counter::run, &counter});
    pools->submit_after(std::chrono::hours{1}, {Counter::run, &counter});
  }
  CHECK(counter.runs == 1002);
}

TEST_CASE("a delayed task runs when its time has come", "[scheduler]") {
  const auto pools = make_worker_pools({.compute = 1}, system_clock());
  std::promise<Clock::Steady> ran;
  const auto begin = system_clock().steady();
  pools->submit_after(
      std::chrono::milliseconds{20},
      {[](void* self) {
         static_cast<std::promise<Clock::Steady>*>(self)->set_value(system_clock().steady());
       },
       &ran});
  auto future = ran.get_future();
  REQUIRE(future.wait_for(std::chrono::seconds{30}) == std::future_status::ready);
  CHECK(future.get() - begin >= std::chrono::milliseconds{20});
}

TEST_CASE("upkeep runs though every thread for operators and jobs is kept", "[scheduler]") {
  struct Kept {
    std::promise<void> entered{}, upkept{};
    std::shared_future<void> open;
    static void run(void* self) {
      auto& kept = *static_cast<Kept*>(self);
      kept.entered.set_value();
      kept.open.wait();
    }
    static void upkeep(void* self) { static_cast<Kept*>(self)->upkept.set_value(); }
  };
  std::promise<void> open;
  const auto is_open = open.get_future().share();
  std::array<Kept, 3> kept{Kept{.open = is_open}, Kept{.open = is_open}, Kept{.open = is_open}};
  const auto pools = make_worker_pools({.control = 1, .waiting = 1, .compute = 1}, system_clock());
  pools->submit({Kept::run, &kept[0]}, Pool::Control);
  pools->submit({Kept::run, &kept[1]}, Pool::Waiting);
  pools->submit({Kept::run, &kept[2]}, Pool::Compute);
  for (auto& each : kept) each.entered.get_future().wait();
  pools->submit({Kept::upkeep, &kept[0]}, Pool::Upkeep);
  CHECK(kept[0].upkept.get_future().wait_for(std::chrono::seconds{30}) ==
        std::future_status::ready);
  open.set_value();
}

TEST_CASE("a worker goes on with the newest of what its own tasks made", "[scheduler]") {
  struct Step {
    Scheduler& pools;
    std::string done{};
    std::vector<std::pair<Step*, char>> marks{};
    std::promise<void> ended{};

    Task mark(char letter) {
      marks.emplace_back(this, letter);
      return {[](void* self) {
                const auto& [step, what] = *static_cast<std::pair<Step*, char>*>(self);
                step->done += what;
                if (step->done.size() == 4) step->ended.set_value();
              },
              &marks.back()};
    }
  };
  const auto pools = make_worker_pools({.compute = 1}, system_clock());
  Step step{*pools};
  step.marks.reserve(4);
  pools->submit({[](void* self) {
                   auto& made = *static_cast<Step*>(self);
                   made.pools.submit(made.mark('a'));
                   made.pools.submit_next(made.mark('b'), Pool::Compute);
                   made.pools.submit_next(made.mark('c'), Pool::Compute);
                   made.pools.submit(made.mark('d'));
                 },
                 &step});
  REQUIRE(step.ended.get_future().wait_for(std::chrono::seconds{30}) == std::future_status::ready);
  CHECK(step.done == "cbad");
}

TEST_CASE("a worker without work takes over what another has put off", "[scheduler]") {
  struct Pair {
    Scheduler& pools;
    std::promise<void> helped{}, ended{};
    bool was_helped = false;
  };
  const auto pools = make_worker_pools({.compute = 2}, system_clock());
  Pair pair{*pools};
  pools->submit({[](void* self) {
                   auto& made = *static_cast<Pair*>(self);
                   made.pools.submit_next(
                       {[](void* other) { static_cast<Pair*>(other)->helped.set_value(); }, self},
                       Pool::Compute);
                   const auto waited = made.helped.get_future().wait_for(std::chrono::seconds{30});
                   made.was_helped = waited == std::future_status::ready;
                   made.ended.set_value();
                 },
                 &pair});
  pair.ended.get_future().wait();
  CHECK(pair.was_helped);
}

TEST_CASE("what a worker makes for itself holds up nobody else's task for long", "[scheduler]") {
  struct Busy {
    Scheduler& pools;
    int runs = 0;
    int runs_before_other = -1;
    std::promise<void> ended{};

    static void run(void* self) {
      auto& busy = *static_cast<Busy*>(self);
      if (busy.runs == 0) busy.pools.submit({other, self});
      const bool is_over = ++busy.runs == 1000 || busy.runs_before_other >= 0;
      if (is_over) return busy.ended.set_value();
      busy.pools.submit_next({run, self}, Pool::Compute);
    }
    static void other(void* self) {
      auto& busy = *static_cast<Busy*>(self);
      busy.runs_before_other = busy.runs;
    }
  };
  const auto pools = make_worker_pools({.compute = 1}, system_clock());
  Busy busy{*pools};
  pools->submit({Busy::run, &busy});
  REQUIRE(busy.ended.get_future().wait_for(std::chrono::seconds{30}) == std::future_status::ready);
  CHECK(busy.runs_before_other > 0);
}

TEST_CASE("the inline scheduler keeps the order of submission, or that of its seed",
          "[scheduler]") {
  struct Mark {
    std::vector<int>* order;
    int number;
    static void run(void* self) {
      auto* mark = static_cast<Mark*>(self);
      mark->order->push_back(mark->number);
    }
  };
  const auto order_with = [](std::uint64_t seed) {
    InlineScheduler scheduler{system_clock(), seed};
    std::vector<int> order;
    std::vector<Mark> marks;
    for (int i = 0; i < 8; ++i) marks.push_back({&order, i});
    scheduler.submit_after(std::chrono::hours{1}, {Mark::run, &marks[7]});
    for (int i = 0; i < 7; ++i)
      scheduler.submit({Mark::run, &marks[static_cast<std::size_t>(i)]}, Pool::Compute);
    scheduler.drain();
    return order;
  };
  CHECK(order_with(0) == std::vector<int>{0, 1, 2, 3, 4, 5, 6, 7});
  CHECK(order_with(5) == order_with(5));
  CHECK(order_with(5) != order_with(0));
  CHECK(order_with(5).back() == 7);
}
