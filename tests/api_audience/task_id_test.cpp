// Ids of tasks, and the times of their rows.
#include "api/audience/task_id.hpp"

#include <cstdlib>
#include <ctime>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include <catch2/catch.hpp>

using namespace millrace;
using audience::TaskIds;

namespace {

std::uint64_t digits(const std::string& id, std::size_t at, std::size_t count) {
  return std::stoull(id.substr(at, count), nullptr, 16);
}

}  // namespace

TEST_CASE("a task's id is a UUID of version 1 that tells when it was made", "[audience][task_id]") {
  const ManualClock clock{Clock::Wall{std::chrono::seconds{1'700'000'000}}};
  SeededRandom random{3};
  TaskIds ids{clock, random};
  const auto first = ids.next(), second = ids.next();
  CHECK(first.size() == 32);
  CHECK(first.find_first_not_of("0123456789abcdef") == std::string::npos);
  CHECK(first[12] == '1');
  CHECK(digits(first, 16, 1) >> 2 == 0b10);
  CHECK((digits(first, 20, 2) & 1) == 1);  // the node is no network card's
  const auto ticks = digits(first, 13, 3) << 48 | digits(first, 8, 4) << 32 | digits(first, 0, 8);
  CHECK((ticks - 0x01B21DD213814000) / 10'000'000 == 1'700'000'000);
  CHECK(digits(second, 0, 8) == digits(first, 0, 8) + 1);  // the clock stands still
  CHECK(second.substr(8) == first.substr(8));
}

TEST_CASE("ids that are made at once differ", "[audience][task_id]") {
  const ManualClock clock;
  TaskIds ids{clock, system_random()};
  std::vector<std::vector<std::string>> made(4);
  {
    std::vector<std::jthread> threads;
    for (auto& of_thread : made) {
      threads.emplace_back([&] {
        for (int i = 0; i < 500; ++i) of_thread.push_back(ids.next());
      });
    }
  }
  std::set<std::string> all;
  for (const auto& of_thread : made) all.insert(of_thread.begin(), of_thread.end());
  CHECK(all.size() == 2'000);
  CHECK(TaskIds{clock, system_random()}.next().substr(16) != all.begin()->substr(16));
}

TEST_CASE("times of rows are those of the clock on the wall", "[audience][task_id]") {
  const char* before = std::getenv("TZ");
  const std::string zone = before == nullptr ? "" : before;
  ::setenv("TZ", "Asia/Taipei", 1);
  ::tzset();
  CHECK(audience::local_time(Clock::Wall{std::chrono::seconds{1'577'836'800}}) ==
        "2020-01-01 08:00:00");
  before == nullptr ? ::unsetenv("TZ") : ::setenv("TZ", zone.c_str(), 1);
  ::tzset();
}
