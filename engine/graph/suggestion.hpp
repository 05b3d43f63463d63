#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace millrace {

/// Returns `; did you mean "nearest"?`, or nothing when no known word is near.
std::string suggestion(std::string_view word, std::span<const std::string_view> known);

/// The same for the first words of many: each costs a comparison with every name. [one thread]
class Suggestions {
 public:
  static constexpr std::size_t kMost = 16;
  static constexpr std::size_t kMostNames = 20'000;

  /// Returns an empty text where it is one too many.
  std::string of(std::string_view word, std::span<const std::string_view> known);

 private:
  std::size_t made_ = 0;
};

}  // namespace millrace
