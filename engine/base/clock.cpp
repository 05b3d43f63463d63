#include "engine/base/clock.hpp"

#include <atomic>

#include <fmt/compile.h>

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
  return fmt::format(FMT_COMPILE("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z"),
                     static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                     static_cast<unsigned>(date.day()), clock.hours().count(),
                     clock.minutes().count(), clock.seconds().count(), clock.subseconds().count());
}

}  // namespace millrace
