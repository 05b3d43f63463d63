#include <catch2/catch.hpp>

#include <atomic>
#include <future>
#include <thread>

#include "engine/run/admission.hpp"

#include "tests/engine_run/test_operators.hpp"

using namespace millrace;
using namespace millrace::test;

namespace {

std::shared_ptr<const Plan> waiting_plan(std::int64_t threads) {
  Resources resources;
  resources.threads = threads;
  return PlanBuilder{}
      .add("in", "input.count", {{"rows", 3}})
      .add("wait", "preprocess.wait", Json::object(), {"in"})
      .resources(resources)
      .build();
}

// A run beside others on one scheduler.
class Beside {
 public:
  Beside(Scheduler& scheduler, const std::shared_ptr<const Plan>& plan) {
    run_plan(plan, scheduler, services_, cancel, {}, [this](Outcome outcome) { ended_.set_value(std::move(outcome)); });
  }
  ~Beside() {
    cancel.stop(StopReason::User);
    future_.wait();
  }
  [[nodiscard]] bool has_begun() const { return services_.counter("waiting") > 0; }
  [[nodiscard]] bool has_ended() const {
    return future_.wait_for(std::chrono::seconds{0}) == std::future_status::ready;
  }
  Cancel cancel;

 private:
  QuietServices services_{cancel};
  std::promise<Outcome> ended_;
  std::shared_future<Outcome> future_{ended_.get_future()};
};

void wait_until(const std::function<bool()>& condition) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds{60};
  while (!condition()) {
    REQUIRE(std::chrono::steady_clock::now() < deadline);
    std::this_thread::yield();
  }
}

}  // namespace

TEST_CASE("runs that declare more than fits begin one after the other, in order", "[run][admission]") {
  Admission admission{{4, 1000}};
  const auto a = admission.queue(), b = admission.queue(), c = admission.queue();
  CHECK_FALSE(admission.try_enter(b, {1, 0}));  // not its turn
  CHECK(admission.try_enter(a, {9, 0}));        // alone
  CHECK_FALSE(admission.try_enter(b, {1, 0}));
  admission.leave({9, 0});
  CHECK(admission.try_enter(b, {2, 600}));
  CHECK_FALSE(admission.try_enter(c, {2, 600}));
  const auto d = admission.queue();
  CHECK_FALSE(admission.try_enter(d, {1, 100}));  // would fit, but c comes first
  admission.give_up(c);
  CHECK(admission.try_enter(d, {1, 100}));
}

TEST_CASE("a run waits until what it declares is free, and ends while it waits when it is stopped", "[run][admission]") {
  const auto pools = make_worker_pools({.waiting = 4, .compute = 4, .declared_threads = 3}, system_clock());
  Beside first{*pools, waiting_plan(2)};
  wait_until([&] { return first.has_begun(); });
  Beside second{*pools, waiting_plan(2)}, third{*pools, waiting_plan(1)}, plain{*pools, waiting_plan(0)};
  wait_until([&] { return plain.has_begun(); });
  CHECK_FALSE(second.has_begun());
  CHECK_FALSE(third.has_begun());
  second.cancel.stop(StopReason::User);
  wait_until([&] { return second.has_ended(); });
  CHECK_FALSE(second.has_begun());
  CHECK_FALSE(first.has_ended());
  wait_until([&] { return third.has_begun(); });
}

TEST_CASE("compute threads that are held for a training pause, all but one", "[scheduler][admission]") {
  struct Busy {
    std::atomic<int> now{0}, most{0}, ended{0};
    static void run(void* self) {
      auto& busy = *static_cast<Busy*>(self);
      const int seen = ++busy.now;
      int most = busy.most;
      while (most < seen && !busy.most.compare_exchange_weak(most, seen)) {
      }
      std::this_thread::yield();
      --busy.now;
      ++busy.ended;
    }
  };
  Busy busy;
  {
    const auto pools = make_worker_pools({.compute = 4}, system_clock());
    pools->hold_compute(7);
    for (int i = 0; i < 2000; ++i) pools->submit({Busy::run, &busy});
    wait_until([&] { return busy.ended == 2000; });
    CHECK(busy.most == 1);
    pools->hold_compute(-7);
    pools->submit({Busy::run, &busy});
  }
  CHECK(busy.ended == 2001);
}
