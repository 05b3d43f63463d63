// merge.versions as built: through its plugin.
#include <algorithm>
#include <map>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

#include <millrace/testing.hpp>

using millrace::Batch;
using millrace::Builder;
using millrace::Type;
using millrace::testing::OperatorHarness;

namespace {

using Time = std::optional<std::int64_t>;
using Merged = std::tuple<std::string, std::string, Time>;  // author, panel, time

constexpr std::int64_t kOld = 1'577'836'800'000'000;  // 2020-01-01
const std::string kMergeVersions =
    std::string{MR_BINARY_DIR} + "/lib/millrace/plugins/merge_versions.so";
const std::string kMergeConflicts =
    R"("conflicts": [["/male", "/female"], ["/unmarried", "/married"]])";

OperatorHarness merging(const std::string& more = "") {
  millrace::testing::HarnessOptions options;
  options.library = kMergeVersions;
  return OperatorHarness{"merge.versions",
                         R"({"key": ["author"], "value": "panel", "version": ["made", "task"], )" +
                             kMergeConflicts + more + "}",
                         options};
}

struct Row {
  std::string author, panel;
  Time time{};
  Time made{};  // when its task was made; none: of the older table
  std::string task{};
};

Batch rows_of(const std::vector<Row>& rows) {
  Builder<std::string_view> author, panel, task;
  Builder<std::int64_t> time{Type::Timestamp}, made{Type::Timestamp};
  for (const Row& row : rows) {
    author.append(row.author);
    panel.append(row.panel);
    time.append(row.time);
    made.append(row.made);
    row.made ? task.append(row.task) : task.append_null();
  }
  return Batch{}
      .with("author", std::move(author))
      .with("panel", std::move(panel))
      .with("create_time", std::move(time))
      .with("made", std::move(made))
      .with("task", std::move(task));
}

std::vector<Merged> merged(OperatorHarness& harness) {
  REQUIRE(harness.finish().ok());
  const auto authors = harness.column<std::string>("author"),
             panels = harness.column<std::string>("panel");
  const auto times = harness.optional_column<std::int64_t>("create_time");
  std::vector<Merged> rows;
  for (std::size_t i = 0; i < authors.size(); ++i)
    rows.emplace_back(authors[i], panels[i], times[i]);
  return rows;
}

// What the rules say, written as they are read.
std::vector<Merged> expected_of(const std::vector<Row>& rows) {
  const std::map<std::string, int> groups{
      {"/male", 0}, {"/female", 0}, {"/unmarried", 1}, {"/married", 1}};
  using Version = std::pair<Time, std::string>;
  using Told = std::map<Version, std::vector<Time>>;  // times by version, the oldest first
  std::map<std::pair<std::string, std::string>, Told> told;
  std::map<std::pair<std::string, int>, Version> newest;
  for (const Row& row : rows) {
    const Version version{row.made, row.made ? row.task : ""};
    told[{row.author, row.panel}][version].push_back(row.time);
    if (const auto group = groups.find(row.panel); group != groups.end()) {
      auto& known = newest[{row.author, group->second}];
      known = std::max(known, version);
    }
  }
  const auto first_of = [](std::vector<Time> times) {
    std::sort(times.begin(), times.end(),
              [](const Time& a, const Time& b) { return a && (!b || *a < *b); });
    return times.front();
  };
  std::vector<Merged> expected;
  for (const auto& [key, versions] : told) {
    const auto group = groups.find(key.second);
    Time time;
    if (group == groups.end()) {
      time = first_of(versions.rbegin()->second);
    } else {
      if (!versions.contains(newest[{key.first, group->second}])) continue;
      for (const auto& [version, times] : versions)
        if (!time) time = first_of(times);
    }
    expected.emplace_back(key.first, key.second, time);
  }
  std::sort(expected.begin(), expected.end());
  return expected;
}

std::vector<Merged> sorted(std::vector<Merged> rows) {
  std::sort(rows.begin(), rows.end());
  return rows;
}

}  // namespace

TEST_CASE("merge.versions conforms", "[conformance]") {
  for (const auto& finding : millrace::testing::check_conformance(kMergeVersions))
    FAIL_CHECK(finding.operator_id << ", " << finding.check << ": " << finding.message);
}

TEST_CASE("an older table is merged with the rows of a task", "[preprocess][merge_versions]") {
  auto harness = merging();
  REQUIRE(harness
              .push(rows_of({{"A", "/female", {}, 1, "t"},
                             {"B", "/female", {}, 1, "t"},
                             {"D", "/male", {}, 1, "t"},
                             {"C", "/young", {}, 1, "t"},
                             {"E", "/student", {}, 1, "t"}}))
              .ok());
  REQUIRE(
      harness.push(rows_of({{"A", "/male", kOld}, {"B", "/female", kOld}, {"C", "/young", kOld}}))
          .ok());
  CHECK(merged(harness) == std::vector<Merged>{{"A", "/female", {}},
                                               {"B", "/female", kOld},
                                               {"C", "/young", {}},
                                               {"D", "/male", {}},
                                               {"E", "/student", {}}});
  CHECK(harness.counts() == std::map<std::string, std::int64_t>{{"overruledValues", 1}});
}

TEST_CASE("an older value that nothing newer contradicts stays with its time",
          "[preprocess][merge_versions]") {
  auto harness = merging();
  REQUIRE(harness
              .push(rows_of({{"A", "/male", kOld},
                             {"A", "/married", kOld + 1},
                             {"A", "/young", kOld + 2},
                             {"A", "/unmarried", {}, 1, "t"}}))
              .ok());
  CHECK(merged(harness) == std::vector<Merged>{{"A", "/male", kOld},
                                               {"A", "/unmarried", {}},
                                               {"A", "/young", kOld + 2}});
}

TEST_CASE("of two tasks the later one counts, then the greater id",
          "[preprocess][merge_versions]") {
  auto harness = merging();
  REQUIRE(harness
              .push(rows_of({{"A", "/male", {}, 2, "a"},
                             {"A", "/female", {}, 1, "b"},
                             {"B", "/male", {}, 2, "a"},
                             {"B", "/female", {}, 2, "b"},
                             // The newest agrees with the older table, not with the one between.
                             {"C", "/male", kOld},
                             {"C", "/female", {}, 1, "b"},
                             {"C", "/male", {}, 2, "a"}}))
              .ok());
  CHECK(merged(harness) ==
        std::vector<Merged>{{"A", "/male", {}}, {"B", "/female", {}}, {"C", "/male", kOld}});
}

TEST_CASE("keys are stripped, rows without key or value are counted, doubles leave once",
          "[preprocess][merge_versions]") {
  auto harness = merging(R"(, "strip": true)");
  REQUIRE(harness
              .push(rows_of({{"\u3000A ", "/male", kOld + 5},
                             {"A", "/male", kOld},
                             {std::string{"A\0B", 3}, "/male", kOld},
                             {"A", "/young", kOld},
                             {"A", "/young", kOld}}))
              .ok());
  REQUIRE(harness
              .push(millrace::testing::batch({{"author", {"A", millrace::testing::null}},
                                              {"panel", {millrace::testing::null, "/male"}}}))
              .ok());
  CHECK(sorted(merged(harness)) == std::vector<Merged>{{"A", "/male", kOld},
                                                       {"A", "/young", kOld},
                                                       {std::string{"A\0B", 3}, "/male", kOld}});
  CHECK(harness.counts() == std::map<std::string, std::int64_t>{{"skippedRows", 2}});
}

TEST_CASE("any rows in any order and memory are merged as the rules say",
          "[preprocess][merge_versions]") {
  std::mt19937 random{11};
  const auto below = [&](unsigned most) { return static_cast<int>(random() % most); };
  const std::vector<std::string> panels{"/male",      "/female", "/married",
                                        "/unmarried", "/young",  "/x"};
  for (int round = 0; round < 20; ++round) {
    std::vector<Row> rows;
    for (int i = 0; i < 600; ++i) {
      Row row{"u" + std::to_string(below(40)), panels[static_cast<std::size_t>(below(6))]};
      if (below(2) == 0) row.time = kOld + below(3);
      if (below(3) > 0) {
        row.made = below(3);
        row.task = std::string(1, static_cast<char>('a' + below(3)));
      }
      rows.push_back(std::move(row));
    }
    const auto expected = expected_of(rows);
    for (const char* memory : {"", R"(, "memory": 65536)"}) {
      std::shuffle(rows.begin(), rows.end(), random);
      auto first = merging(memory);
      const std::vector<Row> one{rows.begin(), rows.begin() + 250},
          rest{rows.begin() + 250, rows.end()};
      REQUIRE(first.push(rows_of(one)).ok());
      REQUIRE(first.push(rows_of(rest)).ok());
      CHECK(sorted(merged(first)) == expected);
    }
  }
}

TEST_CASE("merge.versions refuses columns and groups that cannot be",
          "[preprocess][merge_versions]") {
  const auto fault_of = [](const std::string& params) {
    millrace::testing::HarnessOptions options;
    options.library = kMergeVersions;
    const OperatorHarness harness{"merge.versions", params, options};
    return harness.faults().empty() ? "none" : harness.faults()[0].pointer;
  };
  CHECK(fault_of(R"({"key": ["a", "a"], "value": "b", "version": ["c"]})") == "/key");
  CHECK(fault_of(R"({"key": ["a"], "value": "a", "version": ["c"]})") == "/value");
  CHECK(fault_of(R"({"key": ["a"], "value": "b", "version": ["c"], "time": "b"})") == "/time");
  CHECK(
      fault_of(
          R"({"key": ["a"], "value": "b", "version": ["c"], "conflicts": [["x", "y"], ["z", "x"]]})") ==
      "/conflicts/1");
  CHECK(fault_of(R"({"key": ["@root"], "value": "b", "version": ["c"]})").empty());
}
