// Feeds lines to the compiler of rule sets, each a pattern of the label that its first byte says: a
// rule set is refused with the name of a pattern, or finds in a text what its patterns find alone.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <millrace/context.hpp>

#include "plugins/label/regex_rules.hpp"

using namespace millrace::label;

namespace {

constexpr std::size_t kMostBytes = 256, kMostPatterns = 6, kLabels = 3;  // compiling takes time
constexpr SearchLimits kLimits{.steps = 10'000, .heap_bytes = 1u << 20};

void demand(bool holds) {
  if (!holds) std::abort();
}

bool never() { return false; }

std::vector<RegexLabel> read_labels(std::string_view text) {
  std::vector<RegexLabel> labels;
  for (std::size_t i = 0; i < kLabels; ++i) labels.push_back({std::string(1, char('a' + i)), {}});
  for (std::size_t count = 0; !text.empty() && count < kMostPatterns; ++count) {
    const auto line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    if (line.empty()) continue;
    const auto label = static_cast<unsigned char>(line[0]) % kLabels;
    labels[label].patterns.emplace_back(line.substr(1));
  }
  return labels;
}

// Whether a pattern is found in a text by itself: 1, or 0; -1: its search went over the limits.
int found_alone(const std::string& pattern, bool ignores_case, std::string_view text) {
  const auto rules = std::make_shared<const RegexRules>(std::vector<RegexLabel>{{"x", {pattern}}},
                                                        ignores_case, never);
  RegexScan scan{rules, kLimits, never};
  scan.run(text);
  return !scan.over().empty() ? -1 : scan.found().empty() ? 0 : 1;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0 || size > kMostBytes) return 0;
  const bool ignores_case = (data[0] & 1U) != 0;
  const auto labels = read_labels({reinterpret_cast<const char*>(data) + 1, size - 1});
  try {
    const auto rules = std::make_shared<const RegexRules>(labels, ignores_case, never);
    RegexScan scan{rules, kLimits, never};
    std::vector<std::string> texts{"", "a", "ab\n", "女a1_ é\nb"};
    for (const auto& label : labels)
      texts.insert(texts.end(), label.patterns.begin(), label.patterns.end());
    for (const auto& text : texts) {
      scan.run(text);
      const auto& found = scan.found();
      demand(std::is_sorted(found.begin(), found.end()));
      for (std::uint32_t number = 0; number < rules->rules().size(); ++number) {
        const auto& rule = rules->rules()[number];
        const auto& over = scan.over();
        if (std::find(over.begin(), over.end(), number) != over.end()) continue;
        const auto alone = found_alone(labels[rule.label].patterns[rule.index], ignores_case, text);
        const bool is_found = std::find(found.begin(), found.end(), number) != found.end();
        demand(alone < 0 || is_found == (alone == 1));
      }
    }
  } catch (const millrace::Failure& failure) {
    const std::string_view why = failure.what();
    demand(failure.code() == MR_EXHAUSTED || (failure.code() == MR_INVALID_ARGUMENT &&
                                              why.find("pattern ") != std::string_view::npos));
  }
  return 0;
}
