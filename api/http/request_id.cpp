#include "api/http/request_id.hpp"

#include <algorithm>
#include <atomic>
#include <cstdint>

#include "engine/base/clock.hpp"
#include "engine/base/random.hpp"

namespace millrace::http {

namespace {

constexpr int kTimeDigits = 14;
constexpr int kChanceDigits = 10;

std::uint64_t next_time() {
  static std::atomic<std::uint64_t> last{0};
  const auto now = static_cast<std::uint64_t>(to_micros(system_clock().now()));
  auto before = last.load(std::memory_order_relaxed);
  while (
      !last.compare_exchange_weak(before, std::max(before + 1, now), std::memory_order_relaxed)) {
  }
  return std::max(before + 1, now);
}

/// splitmix64, seeded by the kernel once a thread: a request does not pay a system call for its id.
std::uint64_t chance() {
  thread_local std::uint64_t state = system_random().next();
  auto bits = state += 0x9e3779b97f4a7c15ULL;
  bits = (bits ^ (bits >> 30)) * 0xbf58476d1ce4e5b9ULL;
  bits = (bits ^ (bits >> 27)) * 0x94d049bb133111ebULL;
  return bits ^ (bits >> 31);
}

void write_hex(std::string& text, std::size_t at, int digits, std::uint64_t value) {
  for (int i = digits; i-- > 0; value >>= 4)
    text[at + static_cast<std::size_t>(i)] = "0123456789abcdef"[value & 15];
}

}  // namespace

std::string new_request_id() {
  std::string id(kTimeDigits + kChanceDigits, '0');
  write_hex(id, 0, kTimeDigits, next_time());
  write_hex(id, kTimeDigits, kChanceDigits, chance());
  return id;
}

}  // namespace millrace::http
