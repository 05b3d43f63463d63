#include "engine/base/clock.hpp"

#include <atomic>

namespace millrace {
namespace {

class SystemClock final : public Clock {
 public:
  Wall now() const override { return std::chrono::system_clock::now(); }
  Steady steady() const override { return std::chrono::steady_clock::now(); }
};

}  // namespace

const Clock& system_clock() {
  // Never destroyed: threads may ask it until the process has ended.
  static const Clock& clock = *new SystemClock;
  return clock;
}

struct ManualClock::State {
  Wall start;
  std::atomic<std::int64_t> passed_ns{0};
};

ManualClock::ManualClock(Wall start) : state_{std::make_unique<State>()} { state_->start = start; }

ManualClock::~ManualClock() = default;

Clock::Wall ManualClock::now() const {
  const std::chrono::nanoseconds passed{state_->passed_ns.load()};
  return state_->start + std::chrono::duration_cast<Wall::duration>(passed);
}

Clock::Steady ManualClock::steady() const {
  // Begins an hour after the epoch of the steady clock, so that "an hour ago" can be said.
  const auto passed = std::chrono::hours{1} + std::chrono::nanoseconds{state_->passed_ns.load()};
  return Steady{std::chrono::duration_cast<Steady::duration>(passed)};
}

void ManualClock::advance(std::chrono::nanoseconds by) { state_->passed_ns += by.count(); }

std::int64_t to_micros(Clock::Wall time) {
  return std::chrono::floor<std::chrono::microseconds>(time.time_since_epoch()).count();
}

Clock::Wall from_micros(std::int64_t micros) {
  using Duration = Clock::Wall::duration;
  // The clock counts finer than microseconds: what it cannot hold becomes its first or last moment.
  constexpr auto kFirst = std::chrono::ceil<std::chrono::microseconds>(Duration::min()).count();
  constexpr auto kLast = std::chrono::floor<std::chrono::microseconds>(Duration::max()).count();
  if (micros < kFirst) return Clock::Wall{Duration::min()};
  if (micros > kLast) return Clock::Wall{Duration::max()};
  return Clock::Wall{std::chrono::microseconds{micros}};
}

std::string to_rfc3339(Clock::Wall time) {
  const auto millis = std::chrono::floor<std::chrono::milliseconds>(time);
  const auto day = std::chrono::floor<std::chrono::days>(millis);
  const std::chrono::year_month_day date{day};
  const std::chrono::hh_mm_ss<std::chrono::milliseconds> clock{millis - day};
  std::string text = "0000-00-00T00:00:00.000Z";
  // The clock's first and last moments are of years of four digits.
  const auto write = [&text](std::size_t begin, std::size_t end, auto number) {
    auto rest = static_cast<unsigned>(number);
    for (; end > begin; rest /= 10) text[--end] = static_cast<char>('0' + rest % 10);
  };
  write(0, 4, static_cast<int>(date.year()));
  write(5, 7, static_cast<unsigned>(date.month()));
  write(8, 10, static_cast<unsigned>(date.day()));
  write(11, 13, clock.hours().count());
  write(14, 16, clock.minutes().count());
  write(17, 19, clock.seconds().count());
  write(20, 23, clock.subseconds().count());
  return text;
}

}  // namespace millrace
