#include "engine/plugin/parallel_calls.hpp"

#include <array>
#include <atomic>
#include <condition_variable>
#include <numeric>
#include <thread>
#include <vector>

#include <catch2/catch.hpp>

#include "call_services.hpp"
#include "engine/plugin/host.hpp"

using namespace millrace;

namespace {

// Starts a thread for each helper that is asked for, three at the most.
class Threads final : public ParallelHelpers {
 public:
  void invite(const std::shared_ptr<ParallelCalls>& calls, std::uint64_t most) override {
    const std::lock_guard lock{mutex_};
    for (std::uint64_t i = 0; i < std::min<std::uint64_t>(most, 3); ++i)
      threads_.emplace_back([calls] { calls->help(); });
  }

 private:
  std::mutex mutex_;  // guards threads_
  std::vector<std::jthread> threads_;
};

// Keeps the invitations, and helps when the test says so.
class Late final : public ParallelHelpers {
 public:
  void invite(const std::shared_ptr<ParallelCalls>& calls, std::uint64_t most) override {
    for (std::uint64_t i = 0; i < most; ++i) invited.push_back(calls);
  }
  std::vector<std::shared_ptr<ParallelCalls>> invited;
};

bool never() { return false; }

}  // namespace

TEST_CASE("each index is called once, with and without helpers", "[plugin][parallel]") {
  Threads threads;
  ParallelHelpers* helpers = GENERATE(0, 1) == 0 ? nullptr : &threads;
  std::vector<std::atomic<int>> calls(1'000);
  const auto add = [](void* user, std::uint64_t index) {
    ++(*static_cast<std::vector<std::atomic<int>>*>(user))[index];
    return std::int32_t{MR_OK};
  };
  CHECK(run_parallel(calls.size(), add, &calls, never, helpers) == MR_OK);
  bool is_each_once = true;
  for (const auto& count : calls) is_each_once = is_each_once && count == 1;
  CHECK(is_each_once);
  CHECK(run_parallel(0, add, &calls, never, helpers) == MR_OK);
}

TEST_CASE("the code of the lowest index that fails wins, whoever comes first",
          "[plugin][parallel]") {
  const auto fail_some = [](void* user, std::uint64_t index) -> std::int32_t {
    static_cast<std::atomic<int>*>(user)->fetch_add(1);
    if (index == 3) std::this_thread::yield();  // the higher ones fail first
    if (index == 3) return MR_IO;
    return index > 3 ? MR_CONFLICT : MR_OK;
  };
  for (int round = 0; round < 200; ++round) {
    Threads threads;
    std::atomic<int> called = 0;
    REQUIRE(run_parallel(100'000, fail_some, &called, never, &threads) == MR_IO);
    REQUIRE(called < 100'000);  // after a failure no more are begun
  }
}

TEST_CASE("the owner never waits for a helper that has not begun", "[plugin][parallel]") {
  Late late;
  auto called = std::make_unique<std::array<int, 4>>();
  const auto set = [](void* user, std::uint64_t index) -> std::int32_t {
    (*static_cast<std::array<int, 4>*>(user))[index] += 1;
    return MR_OK;
  };
  CHECK(run_parallel(4, set, called.get(), never, &late) == MR_OK);
  CHECK(*called == std::array{1, 1, 1, 1});
  called.reset();  // the owner's things are gone; a helper that comes now must not look at them
  REQUIRE(late.invited.size() == 3);
  for (const auto& calls : late.invited) calls->help();
}

TEST_CASE("a stop ends it before all were begun", "[plugin][parallel]") {
  std::atomic<int> called = 0;
  const auto count = [](void* user, std::uint64_t) -> std::int32_t {
    static_cast<std::atomic<int>*>(user)->fetch_add(1);
    return MR_OK;
  };
  const auto after_five = [&called] { return called >= 5; };
  CHECK(run_parallel(100, count, &called, after_five, nullptr) == MR_CANCELLED);
  CHECK(called == 5);
  CHECK(run_parallel(0, count, &called, after_five, nullptr) == MR_OK);
}

TEST_CASE("a failure is told where the job stops too", "[plugin][parallel]") {
  std::atomic<bool> stops = false;
  const auto fail_and_stop = [](void* user, std::uint64_t index) -> std::int32_t {
    if (index == 1) static_cast<std::atomic<bool>*>(user)->store(true);
    return index == 1 ? MR_DATA_INVALID : MR_OK;
  };
  CHECK(run_parallel(
            100, fail_and_stop, &stops, [&] { return stops.load(); }, nullptr) == MR_DATA_INVALID);
}

TEST_CASE("calls nest, and several owners share helpers", "[plugin][parallel]") {
  Threads threads;
  struct Nested {
    ParallelHelpers* helpers;
    std::atomic<int> called = 0;
  } nested{&threads};
  const auto outer = [](void* user, std::uint64_t) -> std::int32_t {
    auto& self = *static_cast<Nested*>(user);
    return run_parallel(
        20,
        [](void* counted, std::uint64_t) -> std::int32_t {
          static_cast<Nested*>(counted)->called.fetch_add(1);
          return MR_OK;
        },
        &self, never, self.helpers);
  };
  std::array<std::int32_t, 4> codes{-1, -1, -1, -1};
  {
    std::vector<std::jthread> owners;
    for (auto& code : codes) {
      owners.emplace_back([&code, &nested, outer, &threads] {
        code = run_parallel(10, outer, &nested, never, &threads);
      });
    }
  }
  CHECK(codes == std::array<std::int32_t, 4>{});
  CHECK(nested.called == 4 * 10 * 20);
}

TEST_CASE("through the host table codes that are none are Internal, and a stop is Cancelled",
          "[plugin][parallel][host]") {
  test::CallServices services;
  test::Emissions emissions;
  const Call call = emissions.call(services);
  mr_context context{call};
  const auto& host = host_table();
  const auto answer = [](void* user, std::uint64_t) { return *static_cast<std::int32_t*>(user); };
  std::int32_t code = GENERATE(MR_OK, MR_CONFLICT, MR_END, 77, -1);
  const bool is_code = code == MR_OK || code == MR_CONFLICT;
  CHECK(host.parallel(&context, 3, answer, &code) == (is_code ? code : MR_INTERNAL));
  const auto raise = [](void*, std::uint64_t) -> std::int32_t { throw 7; };
  CHECK(host.parallel(&context, 3, raise, nullptr) == MR_INTERNAL);
  services.is_stopping = true;
  CHECK(host.parallel(&context, 3, answer, &code) == MR_CANCELLED);
}
