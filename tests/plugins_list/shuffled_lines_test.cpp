#include "plugins/output/shuffled_lines.hpp"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

using millrace::records::ShuffledLines;

namespace {

std::vector<std::string> drained(ShuffledLines& lines) {
  std::vector<std::string> all;
  lines.drain([&all](std::string_view line) { all.emplace_back(line); });
  return all;
}

}  // namespace

TEST_CASE("lines come out by key, the same on disk as in memory", "[output][shuffled_lines]") {
  std::vector<std::pair<std::uint64_t, std::string>> given;
  std::uint64_t key = 1;
  for (int i = 0; i < 5000; ++i) {
    key = key * 6364136223846793005u + 1442695040888963407u;
    given.emplace_back(key >> 52, std::to_string(i) + std::string(key >> 58, 'x'));  // keys repeat
  }
  ShuffledLines memory, disk{1000}, nearly{1u << 16};
  for (const auto& [its_key, line] : given) {
    memory.add(its_key, line);
    disk.add(its_key, line);
    nearly.add(its_key, line);
  }
  std::stable_sort(given.begin(), given.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  std::vector<std::string> expected;
  for (const auto& one : given) expected.push_back(one.second);
  CHECK(memory.size() == 5000);
  CHECK(drained(memory) == expected);
  CHECK(drained(disk) == expected);
  CHECK(drained(nearly) == expected);
  CHECK(disk.size() == 0);
}

TEST_CASE("lines longer than a block and empty ones survive the disk", "[output][shuffled_lines]") {
  ShuffledLines lines{100};
  const std::string longest(300'000, 'y');
  lines.add(2, longest);
  lines.add(1, "");
  lines.add(3, "z");
  CHECK(drained(lines) == std::vector<std::string>{"", longest, "z"});
  CHECK(drained(lines).empty());
}
