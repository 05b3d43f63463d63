#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace millrace::workload {

constexpr std::uint64_t kMaxKeywords = 10'000'000;
constexpr std::uint64_t kUsualKeywords = 4'700;

/// A rule of a keyword model; texts are UTF-8.
struct Keyword {
  std::string_view label;
  std::string text;
  std::string_view type;  // partially, absolutely, start, end
};

/// Returns the first `count` keywords, all of the first label in front of those of the second.
/// Those from 1,400 on find nobody, but begin like those that do.
std::vector<Keyword> make_keywords(std::uint64_t seed, std::uint64_t count);

}  // namespace millrace::workload
