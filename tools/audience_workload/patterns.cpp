#include "tools/audience_workload/patterns.hpp"

#include <array>

#include "tools/audience_workload/phrases.hpp"
#include "tools/audience_workload/words.hpp"

namespace millrace::workload {
namespace {

std::string pattern_text(std::uint64_t p) {
  const auto stem = to_utf8(phrase_stem(p));
  if (p < 20) return stem + "|" + to_utf8(other_phrase_stem(p));
  if (p < 55) return stem + ".{0,3}([一兩三]|[1-3])年";
  return "(?<!不)" + stem + "(?!嗎)";
}

}  // namespace

std::vector<Pattern> make_patterns(std::uint64_t count) {
  constexpr std::array<std::string_view, 3> kLabels{"男性", "女性", "學生"};
  std::vector<Pattern> patterns;
  patterns.reserve(count);
  for (std::uint64_t first = 0; first < kLabels.size(); ++first)
    for (auto p = first; p < count; p += kLabels.size())
      patterns.push_back({kLabels[first], pattern_text(p)});
  return patterns;
}

}  // namespace millrace::workload
