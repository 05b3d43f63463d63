#pragma once

#include <chrono>
#include <memory>
#include <string>

namespace millrace {

/// Tells the time. [any thread] The engine asks no other clock, so a test can move it.
class Clock {
 public:
  using Wall = std::chrono::system_clock::time_point;    // UTC, for people and rows
  using Steady = std::chrono::steady_clock::time_point;  // for intervals

  virtual ~Clock() = default;
  [[nodiscard]] virtual Wall now() const = 0;
  [[nodiscard]] virtual Steady steady() const = 0;
};

/// Returns the machine's clock, which lives as long as the program.
const Clock& system_clock();

/// A clock that stands still until it is moved. [any thread]
class ManualClock final : public Clock {
 public:
  explicit ManualClock(Wall start = Wall{std::chrono::seconds{1'700'000'000}});
  ~ManualClock() override;
  [[nodiscard]] Wall now() const override;
  [[nodiscard]] Steady steady() const override;
  void advance(std::chrono::nanoseconds by);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// Returns microseconds since 1970 (UTC), the form in which the catalog keeps times.
std::int64_t to_micros(Clock::Wall time);
Clock::Wall from_micros(std::int64_t micros);

/// Returns RFC 3339 in UTC with milliseconds: "2026-08-01T12:00:00.123Z".
std::string to_rfc3339(Clock::Wall time);

}  // namespace millrace
