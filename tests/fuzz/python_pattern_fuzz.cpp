// Feeds text to the grammar of patterns: it is refused with a message, or every engine takes it or
// says why not, both engines find it in the same texts, and the filter misses none of them.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "plugins/label/lower.hpp"
#include "plugins/label/python_pattern.hpp"
#include "plugins/label/regex_prefilter.hpp"
#include "plugins/label/regex_search.hpp"
#include "plugins/label/regex_text.hpp"

using namespace millrace::label;

namespace {

constexpr std::size_t kMostBytes = 512;  // of a pattern: compiling is what takes time

std::optional<RegexSearch> compiled(const Pattern& pattern, std::size_t memory_bytes) {
  auto result = RegexSearch::compile(pattern, memory_bytes);
  if (const auto* why = std::get_if<std::string>(&result)) {
    if (why->empty()) std::abort();
    return std::nullopt;
  }
  return std::get<RegexSearch>(std::move(result));
}

// A pattern is the best text to find it in that there is at hand.
std::vector<std::string> texts(std::string_view pattern) {
  return {"", "a", "ab\n", lower("a女1_ é\nb"), lower(pattern)};
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0 || size > kMostBytes) return 0;
  const std::string_view text{reinterpret_cast<const char*>(data) + 1, size - 1};
  const auto read = parse_pattern(text, {.ignores_case = (data[0] & 1U) != 0});
  if (const auto* error = std::get_if<PatternError>(&read)) {
    if (error->message.empty()) std::abort();
    return 0;
  }
  const auto& pattern = std::get<Pattern>(read);
  const auto linear = compiled(pattern, std::size_t{1} << 20), other = compiled(pattern, 0);
  std::vector<RegexPrefilter::Entry> entries;
  std::uint64_t characters = 5000;
  if (auto filter = text_for_prefilter(pattern, characters))
    entries.push_back({std::move(*filter), 7});
  std::vector<std::uint32_t> refused;
  const RegexPrefilter prefilter{entries, refused};
  auto scratch = prefilter.make_scratch();
  SearchMemory memory{{.steps = 10'000, .heap_bytes = 1u << 20}};
  for (const auto& one : texts(text)) {
    std::optional<SearchResult> known;
    memory.begin_text();
    for (const auto* search : {&linear, &other}) {
      if (!*search) continue;
      const auto result = (*search)->search(one, memory);
      if (result == SearchResult::OverLimit) continue;
      if (known && *known != result) std::abort();
      known = result;
    }
    std::vector<std::uint32_t> candidates;
    prefilter.scan(one, scratch, candidates);
    const bool is_filtered = !entries.empty() && refused.empty();
    if (is_filtered && known == SearchResult::Found && candidates.empty()) std::abort();
  }
  return 0;
}
