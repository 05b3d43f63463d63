#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include <millrace/testing.hpp>

using millrace::Batch;
using millrace::Builder;
using millrace::Type;
using millrace::testing::batch;
using millrace::testing::null;
using millrace::testing::OperatorHarness;

namespace {

const std::string kPlugin = std::string{MR_BINARY_DIR} + "/lib/millrace/plugins/preprocess_sort.so";

OperatorHarness sort(const std::string& params) {
  millrace::testing::HarnessOptions options;
  options.library = kPlugin;
  return OperatorHarness{"preprocess.sort", params, options};
}

// The numbers of the rows, in the order in which they come out.
std::vector<std::int64_t> order(OperatorHarness& harness) {
  REQUIRE(harness.finish().ok());
  return harness.column<std::int64_t>("n");
}

using Numbers = std::vector<std::int64_t>;

}  // namespace

TEST_CASE("preprocess.sort conforms", "[conformance]") {
  for (const auto& finding : millrace::testing::check_conformance(kPlugin))
    FAIL_CHECK(finding.operator_id << ", " << finding.check << ": " << finding.message);
}

TEST_CASE("rows come out by their columns, equal ones as they came", "[preprocess][sort]") {
  auto by_two = sort(R"({"by": [{"column": "a"}, {"column": "b", "order": "descending"}]})");
  REQUIRE(by_two.push(batch({{"n", {0, 1, 2}}, {"a", {"x", "y", "x"}}, {"b", {1, 5, 2}}})).ok());
  CHECK(by_two.rows() == 0);
  REQUIRE(by_two.push(batch({{"n", {3, 4}}, {"a", {"x", "a"}}, {"b", {2, 0}}})).ok());
  CHECK(order(by_two) == Numbers{4, 2, 3, 0, 1});
}

TEST_CASE("nulls stand where they are asked for, in either order", "[preprocess][sort]") {
  const auto sorted = [](const std::string& how) {
    auto harness = sort(R"({"by": [{"column": "v")" + how + "}]}");
    REQUIRE(harness.push(batch({{"n", {0, 1, 2, 3}}, {"v", {2, null, 1, null}}})).ok());
    return order(harness);
  };
  CHECK(sorted("") == Numbers{2, 0, 1, 3});
  CHECK(sorted(R"(, "nulls": "first")") == Numbers{1, 3, 2, 0});
  CHECK(sorted(R"(, "order": "descending")") == Numbers{0, 2, 1, 3});
  CHECK(sorted(R"(, "order": "descending", "nulls": "first")") == Numbers{1, 3, 0, 2});
}

TEST_CASE("values of each type are in their order", "[preprocess][sort]") {
  const auto sorted = [](Batch rows) {
    auto harness = sort(R"({"by": [{"column": "v"}]})");
    REQUIRE(harness.push(std::move(rows)).ok());
    return order(harness);
  };
  constexpr auto kLeast = std::numeric_limits<std::int64_t>::min();
  constexpr auto kMost = std::numeric_limits<std::int64_t>::max();
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  CHECK(sorted(batch({{"n", {0, 1, 2, 3, 4}}, {"v", {0, kMost, -1, kLeast, 1}}})) ==
        Numbers{3, 2, 0, 4, 1});
  CHECK(sorted(batch({{"n", {0, 1, 2, 3}}, {"v", Type::Int32, {5, -5, 0, -6}}})) ==
        Numbers{3, 1, 2, 0});
  CHECK(sorted(batch({{"n", {0, 1, 2, 3, 4, 5, 6}},
                      {"v", {0.0, -0.0, 1e300, -kInfinity, std::nan(""), kInfinity, -1e-300}}})) ==
        Numbers{3, 6, 0, 1, 2, 5, 4});
  CHECK(sorted(batch({{"n", {0, 1, 2}}, {"v", {true, false, true}}})) == Numbers{1, 0, 2});
  CHECK(sorted(batch({{"n", {0, 1, 2, 3, 4}}, {"v", {"b", "ab", "", "a", "ä"}}})) ==
        Numbers{2, 3, 1, 0, 4});
  CHECK(sorted(batch({{"n", {0, 1, 2, 3}},
                      {"v",
                       {std::string("a\0b", 3), "a", std::string("a\0", 2),
                        std::string("a\0\xc3\xbf", 4)}}})) == Numbers{1, 2, 0, 3});
}

TEST_CASE("a text that begins another does not mix with the column behind it",
          "[preprocess][sort]") {
  auto harness = sort(R"({"by": [{"column": "a", "order": "descending"}, {"column": "b"}]})");
  REQUIRE(
      harness
          .push(batch(
              {{"n", {0, 1, 2, 3}}, {"a", {"a", "aa", "a", "aa"}}, {"b", {"z", "b", "a", "a"}}}))
          .ok());
  CHECK(order(harness) == Numbers{3, 1, 2, 0});
}

TEST_CASE("more rows than memory holds come out the same, with all their columns",
          "[preprocess][sort]") {
  constexpr std::int64_t kRows = 20'000;
  const auto rows = [](std::int64_t begin, std::int64_t count, std::mt19937 drawn) {
    Builder<std::int64_t> n, v;
    Builder<std::string_view> text;
    for (std::int64_t row = 0; row < count; ++row) {
      n.append(begin + row);
      const auto value = static_cast<std::int64_t>(drawn() % 1000);
      value % 10 == 0 ? v.append_null() : v.append(value);
      text.append(std::string(static_cast<std::size_t>(value % 50), 't'));
    }
    return Batch{}.with("n", std::move(n)).with("v", std::move(v)).with("text", std::move(text));
  };
  const auto sorted = [&](const std::string& memory) {
    auto harness = sort(R"({"by": [{"column": "v"}], "memory": )" + memory + "}");
    for (std::int64_t begin = 0; begin < kRows; begin += 1000) {
      std::mt19937 drawn{static_cast<unsigned>(begin)};
      REQUIRE(harness.push(rows(begin, 1000, drawn)).ok());
    }
    REQUIRE(harness.finish().ok());
    CHECK(harness.staged_uris().empty());
    return harness.table();
  };
  const Batch in_memory = sorted("67108864"), on_disk = sorted("65536");
  REQUIRE(in_memory.rows() == kRows);
  REQUIRE(on_disk.rows() == kRows);
  const auto n = in_memory.column<std::int64_t>("n"), other = on_disk.column<std::int64_t>("n");
  const auto v = in_memory.column<std::int64_t>("v");
  const auto text = on_disk.column<std::string_view>("text");
  bool is_same = true, is_sorted = true, is_whole = true;
  for (std::int64_t row = 0; row < kRows; ++row) {
    is_same = is_same && n[row] == other[row];
    if (v[row])
      is_whole = is_whole && text.value(row).size() == static_cast<std::size_t>(*v[row] % 50);
    if (row == 0) continue;
    const bool after = v[row - 1] ? (!v[row] || *v[row - 1] < *v[row]) : false;
    const bool equal = v[row - 1] == v[row] && n.value(row - 1) < n.value(row);
    is_sorted = is_sorted && (after || equal);
  }
  CHECK(is_same);
  CHECK(is_sorted);
  CHECK(is_whole);
}

TEST_CASE("a sort goes on from its state, and from the middle of what it emits",
          "[preprocess][sort]") {
  auto harness = sort(R"({"by": [{"column": "v"}], "memory": 65536})");
  REQUIRE(harness.push(batch({{"n", {0, 1}}, {"v", {3, 1}}})).ok());
  const auto state = harness.snapshot();
  CHECK(harness.snapshot() == state);
  REQUIRE(harness.push(batch({{"n", {100}}, {"v", {0}}})).ok());
  REQUIRE(harness.restore(state, 1).ok());
  REQUIRE(harness.push(batch({{"v", {2}}, {"n", {2}}})).ok());  // its columns in another order
  CHECK(order(harness) == Numbers{1, 2, 0});
  const auto end = harness.snapshot();
  harness.clear();
  REQUIRE(harness.restore(end, 2).ok());
  REQUIRE(harness.finish().ok());
  CHECK(harness.rows() == 0);  // all had been emitted
  CHECK(harness.restore("nonsense").code() == MR_DATA_INVALID);
}

TEST_CASE("rows that lack a column have null there", "[preprocess][sort]") {
  auto harness = sort(R"({"by": [{"column": "n"}]})");
  REQUIRE(harness.push(batch({{"n", {2}}, {"a", {"x"}}})).ok());
  REQUIRE(harness.push(batch({{"n", {1}}, {"b", {1.5}}})).ok());
  CHECK(order(harness) == Numbers{1, 2});
  CHECK(harness.optional_column<std::string>("a") ==
        std::vector<std::optional<std::string>>{std::nullopt, "x"});
  CHECK(harness.optional_column<double>("b") ==
        std::vector<std::optional<double>>{1.5, std::nullopt});
  auto other = sort(R"({"by": [{"column": "n"}]})");
  REQUIRE(other.push(batch({{"n", {2}}})).ok());
  CHECK(other.push(batch({{"n", {"text"}}})).code() == MR_DATA_INVALID);
  CHECK(other.push(batch({{"m", {1}}})).code() == MR_DATA_INVALID);
}

TEST_CASE("a sorted row's root is its place", "[preprocess][sort]") {
  auto harness = sort(R"({"by": [{"column": "n", "order": "descending"}]})");
  REQUIRE(harness.push(batch({{"@root", {7, 8, 9}}, {"n", {1, 2, 3}}})).ok());
  CHECK(order(harness) == Numbers{3, 2, 1});
  CHECK(harness.column<std::int64_t>("@root") == Numbers{0, 1, 2});
}

TEST_CASE("columns to sort by are named once, and are said to be read", "[preprocess][sort]") {
  CHECK(sort(R"({"by": [{"column": "a\"b"}]})").traits() == R"({"reads":{"a\"b":"any"}})");
  CHECK_FALSE(sort(R"({"by": []})").faults().empty());
  CHECK_FALSE(sort(R"({"by": [{"column": "a"}, {"column": "a"}]})").faults().empty());
  CHECK_FALSE(sort(R"({"by": [{"column": "a", "order": "up"}]})").faults().empty());
}
