// Parallel calls over the real pools: tasks that call them fill the pool, and nothing waits for
// what has not begun.
#include "engine/run/parallel_helpers.hpp"

#include <atomic>
#include <cstdint>
#include <future>
#include <numeric>
#include <vector>

#include <catch2/catch.hpp>

#include <millrace/abi.h>

using namespace millrace;

namespace {

bool never() { return false; }

// Work of one operator: squares in places of their own, each by a nested parallel call.
struct Squares {
  ParallelHelpers* helpers;
  std::vector<std::uint64_t> values = std::vector<std::uint64_t>(64);

  static std::int32_t outer(void* user, std::uint64_t index) {
    auto& self = *static_cast<Squares*>(user);
    struct Inner {
      Squares& squares;
      std::uint64_t index;
      std::atomic<std::uint64_t> sum = 0;
    } inner{self, index};
    const auto code = run_parallel(
        index,
        [](void* inside, std::uint64_t) {
          auto& its = *static_cast<Inner*>(inside);
          its.sum += its.index;
          return std::int32_t{MR_OK};
        },
        &inner, never, self.helpers);
    self.values[index] = inner.sum;
    return code;
  }
};

struct OperatorTask {
  Squares squares;
  std::promise<std::int32_t> done{};

  static void run(void* self) {
    auto& task = *static_cast<OperatorTask*>(self);
    task.done.set_value(run_parallel(task.squares.values.size(), &Squares::outer, &task.squares,
                                     never, task.squares.helpers));
  }
};

}  // namespace

TEST_CASE(
    "nested parallel calls of more operators than threads end, and give the same for any pool",
    "[run][parallel]") {
  const std::size_t workers = GENERATE(1, 2, 4);
  auto pools = make_worker_pools({.compute = workers}, system_clock());
  SchedulerHelpers helpers{*pools};
  std::vector<OperatorTask> tasks(16);
  for (auto& task : tasks) {
    task.squares.helpers = &helpers;
    pools->submit({&OperatorTask::run, &task}, Pool::Compute);
  }
  for (auto& task : tasks) {
    auto done = task.done.get_future();
    REQUIRE(done.wait_for(std::chrono::seconds{60}) == std::future_status::ready);
    CHECK(done.get() == MR_OK);
    bool is_right = true;
    for (std::uint64_t i = 0; i < task.squares.values.size(); ++i)
      is_right = is_right && task.squares.values[i] == i * i;
    CHECK(is_right);
  }
}

TEST_CASE("helpers on the inline scheduler come when the caller has gone", "[run][parallel]") {
  InlineScheduler scheduler{system_clock(), 0, 4};
  SchedulerHelpers helpers{scheduler};
  Squares squares{&helpers};
  CHECK(run_parallel(64, &Squares::outer, &squares, never, &helpers) == MR_OK);
  CHECK(squares.values[63] == 63 * 63);
  scheduler.drain();
}
