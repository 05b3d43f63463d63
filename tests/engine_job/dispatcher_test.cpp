#include "engine/job/dispatcher.hpp"

#include <catch2/catch.hpp>

#include "engine/job/job.hpp"

using namespace millrace;
using namespace std::chrono_literals;

namespace {

// Brings the next job as far as executing; 0: there is none.
std::int64_t start_next(Dispatcher& dispatcher, std::chrono::nanoseconds lease_took = 0ns,
                        std::int64_t now_us = 0) {
  if (const auto next = dispatcher.next_to_lease(now_us)) dispatcher.leased(next->id, lease_took);
  const auto started = dispatcher.next_to_start();
  return started ? started->value : 0;
}

}  // namespace

TEST_CASE("jobs come by priority and then by age", "[job][dispatcher]") {
  Dispatcher dispatcher{{{{"default", 10}}}, 1};
  dispatcher.add({JobId{1}, "default", 0, 0});
  dispatcher.add({JobId{2}, "default", 5, 0});
  dispatcher.add({JobId{3}, "default", 0, 0});
  dispatcher.add({JobId{4}, "default", 5, 0});
  dispatcher.add({JobId{5}, "default", -1, 0});
  dispatcher.add({JobId{5}, "default", 9, 0});  // known already
  CHECK(dispatcher.waiting() == 5);
  for (const std::int64_t expected : {2, 4, 1, 3, 5}) CHECK(start_next(dispatcher) == expected);
  CHECK(start_next(dispatcher) == 0);
  CHECK(dispatcher.waiting() == 0);
  CHECK(dispatcher.executing() == 5);
}

TEST_CASE("a queue does not execute more than its limit, and others go on", "[job][dispatcher]") {
  Dispatcher dispatcher{{{{"slow", 1}, {"default", 0}}}, 2};
  for (std::int64_t id = 1; id <= 3; ++id) dispatcher.add({JobId{id}, "slow", 9, 0});
  for (std::int64_t id = 4; id <= 7; ++id) dispatcher.add({JobId{id}, "default", 0, 0});
  CHECK(start_next(dispatcher) == 4);
  CHECK(start_next(dispatcher) == 1);
  CHECK(start_next(dispatcher) == 5);  // 0: as many as there are workers
  CHECK(start_next(dispatcher) == 0);
  dispatcher.executed(JobId{1}, 1s);
  CHECK(start_next(dispatcher) == 2);
  CHECK(start_next(dispatcher) == 0);
  dispatcher.executed(JobId{5}, 1s);
  CHECK(start_next(dispatcher) == 6);
}

TEST_CASE("a job waits for its time", "[job][dispatcher]") {
  Dispatcher dispatcher{{{{"default", 5}}}, 1};
  dispatcher.add({JobId{1}, "default", 0, 2'000});
  dispatcher.add({JobId{2}, "default", 0, 1'000});
  CHECK(dispatcher.next_due_us() == 1'000);
  CHECK(start_next(dispatcher, 0ns, 999) == 0);
  CHECK(start_next(dispatcher, 0ns, 1'000) == 2);
  CHECK(dispatcher.next_due_us() == 2'000);
  CHECK(start_next(dispatcher, 0ns, 5'000) == 1);
  CHECK_FALSE(dispatcher.next_due_us().has_value());
}

TEST_CASE("a job that waits can be forgotten, one that is under way cannot", "[job][dispatcher]") {
  Dispatcher dispatcher{{{{"default", 1}}}, 1};
  dispatcher.add({JobId{1}, "default", 0, 0});
  dispatcher.add({JobId{2}, "default", 0, 0});
  dispatcher.add({JobId{3}, "default", 0, 500});
  CHECK(dispatcher.remove(JobId{2}));
  CHECK(dispatcher.remove(JobId{3}));
  CHECK_FALSE(dispatcher.remove(JobId{3}));
  CHECK_FALSE(dispatcher.remove(JobId{9}));
  const auto leasing = dispatcher.next_to_lease(0);
  REQUIRE(leasing.has_value());
  CHECK_FALSE(dispatcher.remove(JobId{1}));
  dispatcher.lease_failed(JobId{1});
  CHECK(dispatcher.waiting() == 0);
  dispatcher.add({JobId{1}, "default", 0, 0});
  CHECK(start_next(dispatcher) == 1);
  CHECK_FALSE(dispatcher.remove(JobId{1}));
  dispatcher.executed(JobId{1}, 1ms);
  dispatcher.executed(JobId{1}, 1ms);
  CHECK(dispatcher.executing() == 0);
}

TEST_CASE("any queue is served, by the limit of the others, and is forgotten behind its last job",
          "[job][dispatcher]") {
  Dispatcher dispatcher{{{{"default", 5}}, 2, 0}, 1};
  for (std::int64_t id = 1; id <= 4; ++id) dispatcher.add({JobId{id}, "other", 0, 0});
  CHECK(dispatcher.queues() == 2);
  CHECK(start_next(dispatcher) == 1);
  CHECK(start_next(dispatcher) == 2);
  CHECK(start_next(dispatcher) == 0);
  dispatcher.executed(JobId{1}, 1s);
  CHECK(start_next(dispatcher) == 3);
  CHECK(dispatcher.remove(JobId{4}));
  dispatcher.executed(JobId{2}, 1s);
  CHECK(dispatcher.queues() == 2);
  dispatcher.executed(JobId{3}, 1s);
  CHECK(dispatcher.queues() == 1);
  dispatcher.add({JobId{5}, "late", 0, 100});
  CHECK(dispatcher.remove(JobId{5}));
  CHECK(dispatcher.queues() == 1);
  dispatcher.add({JobId{6}, "refused", 0, 0});
  CHECK(dispatcher.next_to_lease(0)->id == JobId{6});
  dispatcher.lease_failed(JobId{6});
  CHECK(dispatcher.queues() == 1);
}

TEST_CASE("queues take turns, whatever the priorities of their jobs and their number",
          "[job][dispatcher]") {
  Dispatcher dispatcher{{{{"default", 1}}, 0, 1}, 8};
  for (std::int64_t id = 1; id <= 6; ++id) dispatcher.add({JobId{id}, "many", 9, 0});
  for (std::int64_t id = 11; id <= 13; ++id) dispatcher.add({JobId{id}, "few", 0, 0});
  std::vector<std::int64_t> order;
  while (const auto id = start_next(dispatcher)) {
    order.push_back(id);
    dispatcher.executed(JobId{id}, 1s);
    // One that comes later comes behind those that wait for their turn.
    if (id == 2) dispatcher.add({JobId{21}, "late", 99, 0});
  }
  CHECK(order == std::vector<std::int64_t>{1, 11, 2, 12, 3, 21, 13, 4, 5, 6});
}

TEST_CASE("all queues together execute no more jobs than their limit", "[job][dispatcher]") {
  Dispatcher dispatcher{{{{"a", 2}, {"b", 2}}, 2, 3}, 8};
  for (std::int64_t id = 1; id <= 9; ++id)
    dispatcher.add({JobId{id}, std::string(1, static_cast<char>('a' + id % 3)), 0, 0});
  std::vector<std::int64_t> started;
  while (const auto id = start_next(dispatcher)) started.push_back(id);
  CHECK(started.size() == 3);
  CHECK(dispatcher.executing() == 3);
  CHECK_FALSE(dispatcher.next_to_lease(0));
  dispatcher.executed(JobId{started[0]}, 1s);
  CHECK(start_next(dispatcher) != 0);
  CHECK(start_next(dispatcher) == 0);
}

TEST_CASE("with no limit for all they have those of the named queues together",
          "[job][dispatcher]") {
  Dispatcher dispatcher{{{{"a", 0}, {"b", 1}}, 0, 0}, 2};
  for (std::int64_t id = 1; id <= 9; ++id)
    dispatcher.add({JobId{id}, "queue " + std::to_string(id), 0, 0});
  std::size_t started = 0;
  while (start_next(dispatcher) != 0) ++started;
  CHECK(started == 3);
}

TEST_CASE("jobs that somebody waits for have slots of their own, and no more than those",
          "[job][dispatcher]") {
  Dispatcher dispatcher{{{{"default", 1}}, 1, 1, 2}, 8};
  const std::string prompt{kPromptQueue};
  dispatcher.add({JobId{1}, "long", 0, 0});
  dispatcher.add({JobId{2}, "long", 0, 0});
  CHECK(start_next(dispatcher) == 1);
  CHECK(start_next(dispatcher) == 0);
  for (std::int64_t id = 3; id <= 5; ++id) dispatcher.add({JobId{id}, prompt, 0, 0});
  CHECK(start_next(dispatcher) == 3);
  CHECK(start_next(dispatcher) == 4);
  CHECK(start_next(dispatcher) == 0);
  CHECK(dispatcher.executing() == 3);
  dispatcher.executed(JobId{3}, 1s);
  CHECK(start_next(dispatcher) == 5);
  // Theirs are no slots for others.
  dispatcher.executed(JobId{4}, 1s);
  dispatcher.executed(JobId{5}, 1s);
  CHECK(start_next(dispatcher) == 0);
  dispatcher.executed(JobId{1}, 1s);
  CHECK(start_next(dispatcher) == 2);
}

TEST_CASE("very many queues cost no more than few", "[job][dispatcher]") {
  Dispatcher dispatcher{{{{"default", 1}}, 2, 2}, 2};
  constexpr std::int64_t kQueues = 100'000;
  for (std::int64_t id = 1; id <= kQueues; ++id)
    dispatcher.add({JobId{id}, "queue " + std::to_string(id), 0, 0});
  CHECK(dispatcher.queues() == kQueues + 1);
  const auto begun = std::chrono::steady_clock::now();
  for (std::int64_t id = 1; id <= kQueues; ++id) {
    REQUIRE(start_next(dispatcher) == id);
    dispatcher.executed(JobId{id}, 1s);
  }
  // A look at each queue for each job takes minutes.
  CHECK(std::chrono::steady_clock::now() - begun < 20s);
  CHECK(dispatcher.queues() == 1);
}

TEST_CASE(
    "short jobs are leased ahead as many as end while a lease is under way, long ones are not",
    "[job][dispatcher]") {
  const auto leased_ahead = [](std::chrono::nanoseconds run, std::chrono::nanoseconds lease) {
    Dispatcher dispatcher{{{{"default", 2}}}, 2};
    for (std::int64_t id = 1; id <= 2'000; ++id) dispatcher.add({JobId{id}, "default", 0, 0});
    CHECK(start_next(dispatcher, lease) == 1);
    dispatcher.executed(JobId{1}, run);
    std::size_t leases = 0;
    while (const auto next = dispatcher.next_to_lease(0)) {
      dispatcher.leased(next->id, lease);
      ++leases;
    }
    CHECK(dispatcher.all_leased().size() == leases);
    return leases;
  };
  CHECK(leased_ahead(1s, 5ms) == 2);           // just the slots
  CHECK(leased_ahead(100us, 5ms) == 2 + 100);  // 2 workers * 5 ms / 0.1 ms
  CHECK(leased_ahead(1us, 100ms) == 2 + 256);  // at most that many
}

TEST_CASE("a leased job that finds no slot goes back, and no more are leased ahead",
          "[job][dispatcher]") {
  Dispatcher dispatcher{{{{"default", 1}}}, 1};
  for (std::int64_t id = 1; id <= 10; ++id) dispatcher.add({JobId{id}, "default", 0, 0});
  CHECK(start_next(dispatcher, 10ms) == 1);
  dispatcher.executed(JobId{1}, 1ms);
  CHECK(start_next(dispatcher, 10ms) == 2);
  while (const auto next = dispatcher.next_to_lease(0)) dispatcher.leased(next->id, 10ms);
  const auto ahead = dispatcher.all_leased();
  REQUIRE_FALSE(ahead.empty());
  for (const auto id : ahead) CHECK(dispatcher.unlease(id));
  CHECK_FALSE(dispatcher.unlease(JobId{2}));
  for (const auto id : ahead) dispatcher.add({id, "default", 0, 0});
  CHECK_FALSE(dispatcher.next_to_lease(0).has_value());
}
