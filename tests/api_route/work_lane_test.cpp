#include "api/route/work_lane.hpp"

#include <atomic>
#include <thread>

#include <catch2/catch.hpp>

using namespace millrace;
using api::make_work;
using api::WorkLane;

TEST_CASE("a lane runs all work, by no more tasks at a time than it may", "[route][lane]") {
  const auto pools = make_worker_pools({.control = 8, .compute = 1}, system_clock());
  std::atomic<int> running{0}, most{0}, done{0};
  {
    WorkLane lane{*pools, 3, 10'000};
    for (int i = 0; i < 1'000; ++i)
      lane.push(make_work([&] {
        const int now = ++running;
        int seen = most;
        while (now > seen && !most.compare_exchange_weak(seen, now)) {
        }
        std::this_thread::yield();
        --running;
        ++done;
      }));
    while (done < 1'000) std::this_thread::yield();
  }
  CHECK(most <= 3);
  CHECK(most >= 1);
}

TEST_CASE("a full lane gives the work back", "[route][lane]") {
  InlineScheduler scheduler;
  WorkLane lane{scheduler, 1, 2};
  int done = 0;
  for (int i = 0; i < 2; ++i) {
    auto work = make_work([&] { ++done; });
    REQUIRE(lane.try_push(work));
  }
  auto refused = make_work([&] { done += 100; });
  CHECK_FALSE(lane.try_push(refused));
  REQUIRE(refused != nullptr);
  CHECK(lane.waiting() == 2);
  lane.push(make_work([&] { ++done; }));
  scheduler.drain();
  CHECK(done == 3);
}

TEST_CASE("a lane lets others of the pool go before it has run everything", "[route][lane]") {
  InlineScheduler scheduler;
  WorkLane lane{scheduler, 1, 1'000};
  int done = 0, seen = -1;
  for (int i = 0; i < 500; ++i) lane.push(make_work([&] { ++done; }));
  struct Other {
    int& done;
    int& seen;
  } other{done, seen};
  scheduler.submit({[](void* self) {
                      auto& state = *static_cast<Other*>(self);
                      state.seen = state.done;
                    },
                    &other},
                   Pool::Control);
  scheduler.drain();
  CHECK(done == 500);
  CHECK(seen > 0);
  CHECK(seen < 500);
}

TEST_CASE("closing a lane drops what waits, and waits for what runs and for holds",
          "[route][lane]") {
  const auto pools = make_worker_pools({.control = 2, .compute = 1}, system_clock());
  WorkLane lane{*pools, 1, 1'000'000};
  std::atomic<bool> has_begun{false}, may_end{false}, has_ended{false}, ran_late{false};
  lane.push(make_work([&] {
    has_begun = true;
    while (!may_end) std::this_thread::yield();
    has_ended = true;
  }));
  while (!has_begun) std::this_thread::yield();
  lane.push(make_work([&] { ran_late = true; }));
  auto hold = lane.hold();
  std::jthread release{[&] {
    // Once the lane is closed it takes no more; until then what it took waits, and is dropped.
    for (auto more = make_work([] {}); lane.try_push(more); more = make_work([] {}))
      std::this_thread::yield();
    may_end = true;
    while (!has_ended) std::this_thread::yield();
    hold.reset();
  }};
  lane.close();
  CHECK(has_ended);
  CHECK_FALSE(ran_late);
  auto refused = make_work([] {});
  CHECK_FALSE(lane.try_push(refused));
}
