#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

namespace millrace {

/// Source of unpredictable bytes: ids, tokens, salts. [any thread] Never for work whose result must
/// be repeatable.
class Random {
 public:
  virtual ~Random() = default;
  virtual void fill(std::span<std::byte> bytes) = 0;

  /// Returns `bytes` random bytes as lower-case hexadecimal digits (twice as many characters).
  std::string hex(std::size_t bytes);
  /// Returns a random UUID (RFC 9562, version 4): "0190a1b2-c3d4-4e5f-8a6b-7c8d9e0f1a2b".
  std::string uuid();
  std::uint64_t next();
};

/// Returns the kernel's generator (getrandom), which lives as long as the program.
Random& system_random();

/// Repeats itself for a seed (splitmix64): for tests and simulations. [any thread]
class SeededRandom final : public Random {
 public:
  explicit SeededRandom(std::uint64_t seed);
  ~SeededRandom() override;
  void fill(std::span<std::byte> bytes) override;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace millrace
