#include "engine/run/admission.hpp"

#include <atomic>
#include <chrono>
#include <future>
#include <optional>
#include <thread>

#include <catch2/catch.hpp>

#include "tests/engine_run/test_operators.hpp"

using namespace millrace;
using namespace millrace::test;

namespace {

std::shared_ptr<const Plan> waiting_plan(std::int64_t threads,
                                         std::optional<Resources::Kind> kind = {}) {
  Resources resources;
  resources.threads = threads;
  resources.kind = kind;
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
    run_plan(plan, scheduler, services_, cancel, {},
             [this](Outcome outcome) { ended_.set_value(std::move(outcome)); });
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

// Tasks that each wait until so many of them run at once, or their patience is over.
struct Meeting {
  int awaited = 1;
  std::chrono::milliseconds patience{0};
  std::atomic<int> now{0}, most{0}, ended{0};

  static void attend(void* self) {
    auto& meeting = *static_cast<Meeting*>(self);
    const int seen = ++meeting.now;
    int most = meeting.most;
    while (most < seen && !meeting.most.compare_exchange_weak(most, seen)) {
    }
    const auto deadline = std::chrono::steady_clock::now() + meeting.patience;
    do {
      std::this_thread::yield();
    } while (meeting.most < meeting.awaited && std::chrono::steady_clock::now() < deadline);
    --meeting.now;
    ++meeting.ended;
  }
};

}  // namespace

TEST_CASE("runs that declare more than fits begin one after the other, in order",
          "[run][admission]") {
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

TEST_CASE("a run waits until what it declares is free, and ends while it waits when it is stopped",
          "[run][admission]") {
  const auto pools =
      make_worker_pools({.waiting = 4, .compute = 4, .declared_threads = 3}, system_clock());
  Beside first{*pools, waiting_plan(2)};
  wait_until([&] { return first.has_begun(); });
  Beside second{*pools, waiting_plan(2)}, third{*pools, waiting_plan(1)},
      plain{*pools, waiting_plan(0)};
  wait_until([&] { return plain.has_begun(); });
  CHECK_FALSE(second.has_begun());
  CHECK_FALSE(third.has_begun());
  second.cancel.stop(StopReason::User);
  wait_until([&] { return second.has_ended(); });
  CHECK_FALSE(second.has_begun());
  CHECK_FALSE(first.has_ended());
  wait_until([&] { return third.has_begun(); });
}

TEST_CASE("compute threads that are held for a training pause, all but one",
          "[scheduler][admission]") {
  Meeting meeting;
  {
    const auto pools = make_worker_pools({.compute = 4}, system_clock());
    pools->hold_compute(7);
    for (int i = 0; i < 2000; ++i) pools->submit({Meeting::attend, &meeting});
    wait_until([&] { return meeting.ended == 2000; });
    CHECK(meeting.most == 1);
    pools->hold_compute(-7);
    pools->submit({Meeting::attend, &meeting});
  }
  CHECK(meeting.ended == 2001);
}

TEST_CASE("a training holds compute threads while it is called, by none of them",
          "[run][admission]") {
  Meeting beside{.awaited = 2, .patience = std::chrono::milliseconds{5}};
  Meeting behind{.awaited = 4, .patience = std::chrono::seconds{60}};
  const auto pools = make_worker_pools({.waiting = 4, .compute = 4}, system_clock());
  {
    const Beside training{*pools, waiting_plan(3, Resources::Kind::Train)};
    wait_until([&] { return training.has_begun(); });
    for (int i = 0; i < 20; ++i) pools->submit({Meeting::attend, &beside});
    wait_until([&] { return beside.ended == 20; });
    CHECK(beside.most == 1);
  }
  for (int i = 0; i < 4; ++i) pools->submit({Meeting::attend, &behind});
  wait_until([&] { return behind.ended == 4; });
  CHECK(behind.most == 4);
}
