#include "engine/base/random.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <mutex>

#include <spdlog/spdlog.h>

#include "engine/base/sha1.hpp"

#include <sys/random.h>

namespace millrace {
namespace {

class KernelRandom final : public Random {
 public:
  void fill(std::span<std::byte> bytes) override {
    while (!bytes.empty()) {
      const auto got = ::getrandom(bytes.data(), bytes.size(), 0);
      if (got > 0) {
        bytes = bytes.subspan(static_cast<std::size_t>(got));
      } else if (errno != EINTR) {
        // A token made of anything else could be guessed; the kernel has had this call since 2014.
        spdlog::critical("getrandom failed errno={}", errno);
        std::abort();
      }
    }
  }
};

}  // namespace

std::string Random::hex(std::size_t bytes) {
  std::string raw(bytes, '\0');
  fill(std::as_writable_bytes(std::span{raw}));
  return to_hex(std::span{reinterpret_cast<const std::uint8_t*>(raw.data()), raw.size()});
}

std::string Random::uuid() {
  std::array<std::uint8_t, 16> raw{};
  fill(std::as_writable_bytes(std::span{raw}));
  raw[6] = static_cast<std::uint8_t>((raw[6] & 0x0f) | 0x40);  // version 4
  raw[8] = static_cast<std::uint8_t>((raw[8] & 0x3f) | 0x80);  // variant of the RFC
  auto text = to_hex(raw);
  for (const std::size_t at : {8u, 13u, 18u, 23u}) text.insert(at, 1, '-');
  return text;
}

std::uint64_t Random::next() {
  std::uint64_t value = 0;
  fill(std::as_writable_bytes(std::span{&value, 1}));
  return value;
}

Random& system_random() {
  static KernelRandom random;
  return random;
}

struct SeededRandom::State {
  std::mutex mutex;  // guards position
  std::uint64_t position = 0;
};

SeededRandom::SeededRandom(std::uint64_t seed) : state_{std::make_unique<State>()} {
  state_->position = seed;
}

SeededRandom::~SeededRandom() = default;

void SeededRandom::fill(std::span<std::byte> bytes) {
  const std::lock_guard lock{state_->mutex};
  while (!bytes.empty()) {
    // splitmix64: https://prng.di.unimi.it/splitmix64.c
    std::uint64_t z = (state_->position += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    z ^= z >> 31;
    const auto count = std::min(bytes.size(), sizeof z);
    std::memcpy(bytes.data(), &z, count);
    bytes = bytes.subspan(count);
  }
}

}  // namespace millrace
