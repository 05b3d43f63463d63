#pragma once

#include <cstdint>

namespace millrace::workload {

/// Random numbers of one thing, such as row 17, made from nothing but the seed: the same on every
/// machine and thread. The mixer is the output function of SplitMix64 (Steele, Lea, Flood: Fast
/// splittable pseudorandom number generators, OOPSLA 2014).
class RandomStream {
 public:
  /// `tag` says what kind of thing it is, `index` which one.
  RandomStream(std::uint64_t seed, std::uint64_t tag, std::uint64_t index)
      : state_{mixed(mixed(seed + tag * kGolden) + index * kGolden)} {}

  /// Returns the next number of 0..n-1; `n` is at least 1.
  std::uint64_t below(std::uint64_t n) {
    state_ += kGolden;
    return static_cast<std::uint64_t>((static_cast<Wide>(mixed(state_)) * n) >> 64);
  }

 private:
  __extension__ using Wide = unsigned __int128;
  static constexpr std::uint64_t kGolden = 0x9E3779B97F4A7C15;

  static constexpr std::uint64_t mixed(std::uint64_t z) {
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
    return z ^ (z >> 31);
  }

  std::uint64_t state_;
};

}  // namespace millrace::workload
