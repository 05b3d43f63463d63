#include "api/audience/task_id.hpp"

#include <algorithm>
#include <chrono>
#include <ctime>

#include <fmt/format.h>

namespace millrace::audience {

namespace {

using std::chrono::duration_cast;
using Ticks = std::chrono::duration<std::int64_t, std::ratio<1, 10'000'000>>;  // 100 ns

// From 1582-10-15, where times of version 1 begin, to 1970.
constexpr std::uint64_t kTicksBefore1970 = 0x01B21DD213814000;
constexpr std::uint64_t kVersion = 1, kVariant = 0b10;
// Of a node that is no network card's address.
constexpr std::uint64_t kRandomNode = std::uint64_t{1} << 40;

}  // namespace

TaskIds::TaskIds(const Clock& clock, Random& random) : clock_{clock} {
  constexpr std::uint64_t kVariantBits = std::uint64_t{0b11} << 62;
  sequence_and_node_ = (random.next() & ~kVariantBits) | kVariant << 62 | kRandomNode;
}

std::string TaskIds::next() {
  const auto now = duration_cast<Ticks>(clock_.now().time_since_epoch()).count();
  std::uint64_t ticks = kTicksBefore1970 + static_cast<std::uint64_t>(now);
  {
    const std::lock_guard lock{mutex_};
    ticks = std::max(ticks, last_ticks_ + 1);
    last_ticks_ = ticks;
  }
  const auto low = ticks & 0xffffffff, middle = ticks >> 32 & 0xffff, high = ticks >> 48 & 0xfff;
  return fmt::format("{:08x}{:04x}{:x}{:03x}{:016x}", low, middle, kVersion, high,
                     sequence_and_node_);
}

std::string local_time(Clock::Wall time) {
  const std::time_t seconds = Clock::Wall::clock::to_time_t(time);
  std::tm parts{};
  ::localtime_r(&seconds, &parts);
  return fmt::format("{:04}-{:02}-{:02} {:02}:{:02}:{:02}", parts.tm_year + 1900, parts.tm_mon + 1,
                     parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec);
}

}  // namespace millrace::audience
