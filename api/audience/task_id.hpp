#pragma once

#include <cstdint>
#include <mutex>
#include <string>

#include "engine/base/clock.hpp"
#include "engine/base/random.hpp"

namespace millrace::audience {

/// Ids of tasks and of the work on models: UUIDs of version 1 (RFC 9562, 5.1) without hyphens, 32
/// lower-case hexadecimal digits. No two are equal, however fast they are made; clock sequence and
/// node are random, so two servers make no equal ones either. [any thread]
class TaskIds {
 public:
  TaskIds(const Clock& clock, Random& random);
  std::string next();

 private:
  const Clock& clock_;
  std::uint64_t sequence_and_node_ = 0;
  std::mutex mutex_;              // guards last_ticks_
  std::uint64_t last_ticks_ = 0;  // of the last id
};

/// A time as the clock on this machine's wall shows it, whole seconds: "2021-01-31 06:00:00". Times
/// in the tables of the dialect are such.
std::string local_time(Clock::Wall time);

}  // namespace millrace::audience
