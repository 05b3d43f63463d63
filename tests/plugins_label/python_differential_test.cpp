// The same patterns and texts by Python's re and by ours: errors and their places, and what is
// found, by either engine and by the filter before them.
#include <string>
#include <vector>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "plugins/label/python_pattern.hpp"
#include "plugins/label/regex_prefilter.hpp"
#include "plugins/label/regex_search.hpp"
#include "plugins/label/regex_text.hpp"
#include "tests/fixtures/python_lines.hpp"

using namespace millrace::label;
using PatternLine = nlohmann::json;

namespace {

struct Differences {
  std::size_t patterns = 0, errors = 0, searches = 0, refused = 0, over = 0, filtered = 0;
  std::vector<std::string> found{};

  void add(const PatternLine& line, const std::string& what) {
    constexpr std::size_t kMost = 20;
    if (found.size() < kMost) found.push_back(what + ": " + line["pattern"].dump());
  }
};

void compare_searches(const PatternLine& line, const Pattern& pattern, Differences& differences) {
  static SearchMemory memory{{}};
  std::vector<RegexSearch> searches;
  for (const std::size_t memory_bytes : {std::size_t{8} << 20, std::size_t{0}}) {  // RE2, PCRE2
    auto compiled = RegexSearch::compile(pattern, memory_bytes);
    if (const auto* why = std::get_if<std::string>(&compiled)) {
      return differences.add(line, *why);
    }
    searches.push_back(std::get<RegexSearch>(std::move(compiled)));
  }
  std::vector<RegexPrefilter::Entry> entries;
  auto characters = kPrefilterCharacters;
  if (auto text = text_for_prefilter(pattern, characters)) entries.push_back({std::move(*text), 1});
  std::vector<std::uint32_t> refused;
  const RegexPrefilter prefilter{entries, refused};
  auto scratch = prefilter.make_scratch();
  const bool is_filtered = !entries.empty() && refused.empty();
  differences.filtered += is_filtered ? 1 : 0;
  for (std::size_t i = 0; i < line["texts"].size(); ++i) {
    const auto text = line["texts"][i].get<std::string>();
    const bool is_found = line["found"][i].get<bool>();
    ++differences.searches;
    memory.begin_text();
    for (const auto& search : searches) {
      const auto result = search.search(text, memory);
      differences.over += result == SearchResult::OverLimit ? 1 : 0;
      if (result != (is_found ? SearchResult::Found : SearchResult::NotFound)) {
        differences.add(
            line, "Python says " + line["found"][i].dump() + " of " + line["texts"][i].dump());
      }
    }
    std::vector<std::uint32_t> candidates;
    prefilter.scan(text, scratch, candidates);
    if (is_filtered && is_found && candidates.empty()) {
      differences.add(line, "the filter misses " + line["texts"][i].dump());
    }
  }
}

Differences compare(const std::string& seed_and_count) {
  Differences differences;
  millrace::test::each_line_of_python(
      "plugins_label/python_patterns.py " + seed_and_count, [&](const std::string& text) {
        const PatternLine line = PatternLine::parse(text);
        ++differences.patterns;
        const auto read = parse_pattern(line["pattern"].get<std::string>(),
                                        {.ignores_case = line["ignores_case"].get<bool>()});
        const auto* error = std::get_if<PatternError>(&read);
        if (error != nullptr && !error->is_python) {
          ++differences.refused;
        } else if (line.contains("error")) {
          ++differences.errors;
          const std::string ours = error == nullptr ? "no error" : error->message;
          if (ours != line["error"]) differences.add(line, ours + ", not " + line["error"].dump());
        } else if (error != nullptr) {
          differences.add(line, error->message);
        } else {
          compare_searches(line, std::get<Pattern>(read), differences);
        }
      });
  return differences;
}

}  // namespace

TEST_CASE("patterns are refused and found as by Python's re", "[label][pattern]") {
  const auto differences = compare("1 3000");
  CHECK(differences.found == std::vector<std::string>{});
  CHECK(differences.patterns > 3500);
  CHECK(differences.errors > 1000);
  CHECK(differences.searches > 40000);
  CHECK(differences.filtered > 1000);
  CHECK(differences.refused < differences.patterns / 100);
  CHECK(differences.over == 0);
}

TEST_CASE("200,000 patterns are refused and found as by Python's re", "[.][patterns200k]") {
  const auto differences = compare("2 200000");
  CHECK(differences.found == std::vector<std::string>{});
  CHECK(differences.patterns > 199000);
}
