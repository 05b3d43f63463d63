#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace millrace::workload {

constexpr std::uint64_t kMaxPatterns = 2'000;  // their characters end before the surrogates
constexpr std::uint64_t kUsualPatterns = 60;   // one for each phrase of the contents

/// A rule of a regex model; texts are UTF-8.
struct Pattern {
  std::string_view label;
  std::string text;
};

/// Returns the first `count` patterns, sorted by the three labels they take in turn. Those of 0 to
/// 19 are alternatives, those to 54 have a gap and a class, and the others look around; those from
/// kUsualPatterns on find nothing.
std::vector<Pattern> make_patterns(std::uint64_t count);

}  // namespace millrace::workload
