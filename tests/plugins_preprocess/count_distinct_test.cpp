// count.distinct as built: through its plugin.
#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

#include <millrace/testing.hpp>

using millrace::Batch;
using millrace::Builder;
using millrace::testing::batch;
using millrace::testing::null;
using millrace::testing::OperatorHarness;

namespace {

using Numbers = std::vector<std::int64_t>;
using OptionalTexts = std::vector<std::optional<std::string>>;

const std::string kCountDistinct =
    std::string{MR_BINARY_DIR} + "/lib/millrace/plugins/count_distinct.so";

OperatorHarness counting(const std::string& params) {
  millrace::testing::HarnessOptions options;
  options.library = kCountDistinct;
  return OperatorHarness{"count.distinct", params, options};
}

std::string fault_of_count(const std::string& params) {
  const auto harness = counting(params);
  return harness.faults().empty()
             ? std::string{}
             : harness.faults()[0].pointer + ": " + harness.faults()[0].message;
}

// Rows [first, behind): value v(n mod values) of group g(n mod groups).
Batch numbered(std::int64_t first, std::int64_t behind, std::int64_t values, std::int64_t groups) {
  Builder<std::string_view> value, group;
  for (auto n = first; n < behind; ++n) {
    value.append("v" + std::to_string(n % values));
    group.append("g" + std::to_string(n % groups));
  }
  return Batch{}.with("value", std::move(value)).with("group", std::move(group));
}

}  // namespace

TEST_CASE("count.distinct conforms", "[conformance]") {
  for (const auto& finding : millrace::testing::check_conformance(kCountDistinct))
    FAIL_CHECK(finding.operator_id << ", " << finding.check << ": " << finding.message);
}

TEST_CASE("values are counted by group, stripped where that is asked for",
          "[preprocess][count_distinct]") {
  const auto counted = [](const std::string& strip) {
    auto harness =
        counting(R"({"columns": ["s_id", "author"], "group": "table", "strip": )" + strip + "}");
    REQUIRE(harness
                .push(batch({{"s_id", {"F", "F", "F", "B", "F"}},
                             {"author", {"u", "u\xE3\x80\x80", " u", "u", null}},
                             {"table", {"Ptt", "Ptt", "Ptt", null, "Ptt"}}}))
                .ok());
    CHECK(harness.rows() == 0);
    REQUIRE(harness.finish().ok());
    CHECK(harness.optional_column<std::string>("table") == OptionalTexts{"Ptt", std::nullopt});
    CHECK(harness.column<std::int64_t>("rows") == Numbers{4, 1});
    return harness.column<std::int64_t>("distinct");
  };
  CHECK(counted("true") == Numbers{2, 1});
  CHECK(counted("false") == Numbers{3, 1});
}

TEST_CASE("without groups there is one count, also of no rows", "[preprocess][count_distinct]") {
  auto harness = counting(R"({"columns": ["n"]})");
  REQUIRE(harness.push(batch({{"n", {1, 1, 2, null}}})).ok());
  REQUIRE(harness.finish().ok());
  CHECK(harness.column<std::int64_t>("distinct") == Numbers{2});
  CHECK(harness.column<std::int64_t>("rows") == Numbers{4});
  CHECK_FALSE(harness.table().has("group"));
  auto none = counting(R"({"columns": ["n"]})");
  REQUIRE(none.finish().ok());
  CHECK(none.column<std::int64_t>("distinct") == Numbers{0});
  auto no_groups = counting(R"({"columns": ["n"], "group": "g"})");
  REQUIRE(no_groups.finish().ok());
  CHECK(no_groups.rows() == 0);
}

TEST_CASE("groups are told apart by all of their name", "[preprocess][count_distinct]") {
  auto harness = counting(R"({"columns": ["v"], "group": "g"})");
  REQUIRE(harness
              .push(batch({{"v", {"1", "1", "1", "2", "1", "1", "1", "3", "1"}},
                           {"g", {"axb", "ayb", "axb", "ayb", "", null, "", "axb", "azb"}}}))
              .ok());
  REQUIRE(harness.push(batch({{"v", {"1", "4"}}, {"g", {"ayb", "a"}}})).ok());
  REQUIRE(harness.finish().ok());
  CHECK(harness.optional_column<std::string>("g") ==
        OptionalTexts{"axb", "ayb", "", std::nullopt, "azb", "a"});
  CHECK(harness.column<std::int64_t>("distinct") == Numbers{2, 2, 1, 1, 1, 1});
  CHECK(harness.column<std::int64_t>("rows") == Numbers{3, 3, 2, 1, 1, 1});
}

TEST_CASE("a count does not depend on how rows are cut into batches",
          "[preprocess][count_distinct]") {
  for (const std::int64_t rows : {1, 31, 32, 33, 65, 3000}) {
    auto harness = counting(R"({"columns": ["value"], "group": "group"})");
    for (std::int64_t first = 0; first < 3000; first += rows)
      REQUIRE(
          harness.push(numbered(first, std::min(first + rows, std::int64_t{3000}), 700, 300)).ok());
    REQUIRE(harness.finish().ok());
    CAPTURE(rows);
    // Of 3,000 numbers each of 300 groups has ten, which are 300 apart: seven values among 700.
    CHECK(harness.column<std::int64_t>("distinct") == Numbers(300, 7));
    CHECK(harness.column<std::int64_t>("rows") == Numbers(300, 10));
  }
}

TEST_CASE("the count is exact on the disk too", "[preprocess][count_distinct]") {
  const auto counted = [](const std::string& memory) {
    auto harness =
        counting(R"({"columns": ["value"], "group": "group", "memory": )" + memory + "}");
    for (std::int64_t first = 0; first < 60'000; first += 6000)
      REQUIRE(harness.push(numbered(first, first + 6000, 20'000, 3)).ok());
    REQUIRE(harness.finish().ok());
    CHECK(harness.column<std::int64_t>("rows") == Numbers{20'000, 20'000, 20'000});
    return harness.column<std::int64_t>("distinct");
  };
  // 20,000 and 3 have no common divisor: each group meets each value once.
  CHECK(counted("67108864") == Numbers{20'000, 20'000, 20'000});
  CHECK(counted("65536") == Numbers{20'000, 20'000, 20'000});
}

TEST_CASE("a count goes on from its state, over scratch that went further",
          "[preprocess][count_distinct]") {
  for (const auto* memory : {"67108864", "65536"}) {
    auto harness = counting(std::string{R"({"columns": ["value"], "group": "group", "memory": )"} +
                            memory + "}");
    REQUIRE(harness.push(numbered(0, 5000, 4000, 1)).ok());
    const auto state = harness.snapshot();
    CHECK(harness.snapshot() == state);
    REQUIRE(harness.push(numbered(50'000, 60'000, 100'000, 2)).ok());
    static_cast<void>(harness.snapshot());
    REQUIRE(harness.restore(state, 1).ok());
    REQUIRE(harness.push(numbered(3000, 4500, 100'000, 1)).ok());
    const auto later = harness.snapshot();
    REQUIRE(harness.restore(later, 2).ok());
    REQUIRE(harness.finish().ok());
    CHECK(harness.optional_column<std::string>("group") == OptionalTexts{"g0"});
    CHECK(harness.column<std::int64_t>("distinct") == Numbers{4500});
    CHECK(harness.column<std::int64_t>("rows") == Numbers{6500});
    REQUIRE(harness.restore(harness.snapshot(), 3).ok());
    harness.clear();
    REQUIRE(harness.finish().ok());
    CHECK(harness.rows() == 0);
  }
}

TEST_CASE("values count only in windows in which their group has what is asked for",
          "[preprocess][count_distinct]") {
  auto harness =
      counting(R"({"columns": ["v"], "group": "g", "only_with": "label", "window": "w"})");
  REQUIRE(harness
              .push(batch({{"v", {"a", "b", "a", "c"}},
                           {"g", {"x", "x", "y", "x"}},
                           {"label", {null, "l", null, null}},
                           {"w", {0, 0, 0, 0}}}))
              .ok());
  const auto state = harness.snapshot();
  REQUIRE(harness.restore(state, 1).ok());
  REQUIRE(harness
              .push(batch({{"v", {"d", "e", "f", "b"}},
                           {"g", {"y", "x", "y", "x"}},
                           {"label", {"l", null, null, null}},
                           {"w", {0, 6, 6, 6}}}))
              .ok());
  REQUIRE(harness.finish().ok());
  CHECK(harness.optional_column<std::string>("g") == OptionalTexts{"x", "y"});
  CHECK(harness.column<std::int64_t>("distinct") == Numbers{3, 2});
  CHECK(harness.column<std::int64_t>("rows") == Numbers{5, 3});
}

TEST_CASE("values that wait for their window are bounded, and each is kept once",
          "[preprocess][count_distinct]") {
  const auto waiting = [] {
    return counting(
        R"({"columns": ["value"], "group": "group", "only_with": "label", "memory": 65536})");
  };
  const auto unlabelled = [](Batch rows) {
    Builder<std::string_view> label;
    for (std::int64_t row = 0; row < rows.rows(); ++row) label.append_null();
    return std::move(rows).with("label", std::move(label));
  };
  auto few = waiting();
  for (int i = 0; i < 20; ++i) REQUIRE(few.push(unlabelled(numbered(0, 1000, 500, 1))).ok());
  REQUIRE(few.finish().ok());
  CHECK(few.column<std::int64_t>("distinct") == Numbers{0});
  auto many = waiting();
  const auto status = many.push(unlabelled(numbered(0, 5000, 5000, 1)));
  CHECK(status.code() == MR_EXHAUSTED);
  CHECK_THAT(status.message(), Catch::Contains("`memory`"));
}

TEST_CASE("more groups than a count may have are an error", "[preprocess][count_distinct]") {
  auto harness = counting(R"({"columns": ["value"], "group": "group"})");
  REQUIRE(harness.push(numbered(0, 100'000, 10, 100'000)).ok());
  REQUIRE(harness.push(numbered(0, 5, 10, 100'000)).ok());
  const auto status = harness.push(numbered(100'000, 100'001, 10, 200'000));
  CHECK(status.code() == MR_EXHAUSTED);
  CHECK_THAT(status.message(), Catch::Contains("`group`"));
}

TEST_CASE("wrong parameters of a count are faults", "[preprocess][count_distinct]") {
  CHECK_THAT(fault_of_count(R"({"columns": []})"), Catch::StartsWith("/columns"));
  CHECK_THAT(fault_of_count(R"({"columns": ["a"], "group": "rows"})"), Catch::StartsWith("/group"));
  CHECK_THAT(fault_of_count(R"({"columns": ["a"], "window": "w"})"), Catch::StartsWith("/window"));
}
