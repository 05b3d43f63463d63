// join.rows as built: through its plugin.
#include <algorithm>
#include <optional>
#include <random>
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

using Texts = std::vector<std::string>;
using OptionalTexts = std::vector<std::optional<std::string>>;

const std::string kJoinRows = std::string{MR_BINARY_DIR} + "/lib/millrace/plugins/join_rows.so";

OperatorHarness joining(const std::string& params) {
  millrace::testing::HarnessOptions options;
  options.library = kJoinRows;
  return OperatorHarness{"join.rows", params, options};
}

Batch labels() { return batch({{"label_id", {1, 2, 2}}, {"label", {"one", "two", "zwei"}}}); }

}  // namespace

TEST_CASE("join.rows conforms", "[conformance]") {
  for (const auto& finding : millrace::testing::check_conformance(kJoinRows))
    FAIL_CHECK(finding.operator_id << ", " << finding.check << ": " << finding.message);
}

TEST_CASE("rows get the columns of the table's rows with their key", "[preprocess][join_rows]") {
  for (const bool is_table_first : {true, false}) {
    auto harness = joining(R"({"key": ["label_id"], "adds": ["label"], "keep": ["text"]})");
    if (is_table_first) REQUIRE(harness.push(labels()).ok());
    // A text of digits is the number; null, and what no row of the table has, finds nothing.
    REQUIRE(
        harness
            .push(batch({{"text", {"b", "a", "none", "b2"}}, {"label_id", {"2", "1", null, "2"}}}))
            .ok());
    REQUIRE(harness.push(batch({{"text", {"c"}}, {"label_id", {3}}})).ok());
    REQUIRE(harness.push(batch({{"text", {"no key"}}})).ok());
    if (!is_table_first) REQUIRE(harness.push(labels()).ok());
    REQUIRE(harness.finish().ok());
    CHECK(harness.column<std::string>("text") == Texts{"a", "b", "b", "b2", "b2"});
    CHECK(harness.column<std::string>("label") == Texts{"one", "two", "zwei", "two", "zwei"});
    CHECK(harness.counts().at("unmatchedRows") == 3);
  }
}

TEST_CASE("rows that find nothing are kept where that is wanted", "[preprocess][join_rows]") {
  auto harness = joining(R"({"key": ["label_id"], "adds": ["label"], "unmatched": "keep"})");
  REQUIRE(harness.push(batch({{"text", {"b", "x"}}, {"label_id", {1, 9}}})).ok());
  REQUIRE(harness.push(batch({{"text", {"no key"}}})).ok());
  REQUIRE(harness.push(labels()).ok());
  REQUIRE(harness.finish().ok());
  CHECK(harness.column<std::string>("text") == Texts{"b", "x", "no key"});
  CHECK(harness.optional_column<std::string>("label") ==
        OptionalTexts{"one", std::nullopt, std::nullopt});
  CHECK(harness.optional_column<std::int64_t>("label_id") ==
        std::vector<std::optional<std::int64_t>>{1, 9, std::nullopt});
}

TEST_CASE("a join has the same rows with any memory", "[preprocess][join_rows]") {
  std::mt19937 random{5};
  std::vector<std::pair<int, std::string>> expected;
  Builder<std::int64_t> keys, numbers, table_keys;
  Builder<std::string_view> names;
  for (int i = 0; i < 300; ++i) {
    table_keys.append(i % 200);
    names.append("name " + std::to_string(i));
  }
  for (int i = 0; i < 5'000; ++i) {
    const int key = static_cast<int>(random() % 250);
    keys.append(key);
    numbers.append(i);
    for (int named = key; named < 300 && key < 200; named += 200)
      expected.emplace_back(i, "name " + std::to_string(named));
  }
  const auto rows = Batch{}.with("k", std::move(keys)).with("n", std::move(numbers));
  const auto table = Batch{}.with("k", std::move(table_keys)).with("name", std::move(names));
  for (const char* memory : {"", R"(, "memory": 65536)"}) {
    auto harness = joining(std::string{R"({"key": ["k"], "adds": ["name"])"} + memory + "}");
    REQUIRE(harness.push(rows.slice(0, 2'500)).ok());
    REQUIRE(harness.push(table.share()).ok());
    const auto state = harness.snapshot();
    REQUIRE(harness.restore(state, 2).ok());
    REQUIRE(harness.push(rows.slice(2'500, 2'500)).ok());
    REQUIRE(harness.finish().ok());
    const auto numbers_of = harness.column<std::int64_t>("n");
    const auto names_of = harness.column<std::string>("name");
    std::vector<std::pair<int, std::string>> joined;
    for (std::size_t i = 0; i < numbers_of.size(); ++i)
      joined.emplace_back(static_cast<int>(numbers_of[i]), names_of[i]);
    std::sort(joined.begin(), joined.end());
    std::sort(expected.begin(), expected.end());
    CHECK(joined == expected);
  }
}

TEST_CASE("a table holds so many rows of one key", "[preprocess][join_rows][limits]") {
  auto harness = joining(R"({"key": ["k"], "adds": ["text"]})");
  const std::string large(std::size_t{33} << 20, 'x');
  for (int i = 0; i < 2; ++i) {
    Builder<std::int64_t> key;
    Builder<std::string_view> text;
    key.append(1);
    text.append(large);
    REQUIRE(harness.push(Batch{}.with("k", std::move(key)).with("text", std::move(text))).ok());
  }
  const auto failed = harness.finish();
  CHECK(failed.code() == MR_EXHAUSTED);
  CHECK_THAT(failed.message(), Catch::Contains("64 MiB"));
}

TEST_CASE("join.rows refuses columns that cannot be", "[preprocess][join_rows]") {
  const auto is_refused = [](const std::string& params) {
    const auto harness = joining(params);
    return !harness.faults().empty() && harness.faults()[0].pointer == "/adds";
  };
  CHECK(is_refused(R"({"key": ["a"], "adds": ["a"]})"));
  CHECK(is_refused(R"({"key": ["a"], "adds": ["b", "b"]})"));
  CHECK(is_refused(R"({"key": ["a"], "adds": ["@root"]})"));
  auto harness = joining(R"({"key": ["k"], "adds": ["x"]})");
  CHECK(harness.push(batch({{"x", {"no key"}}})).code() == MR_DATA_INVALID);
}
