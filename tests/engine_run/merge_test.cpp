#include "engine/run/merge.hpp"

#include <catch2/catch.hpp>

using namespace millrace;

namespace {

Batch rows(std::vector<std::int64_t> roots, std::vector<std::int64_t> values) {
  Builder<std::int64_t> root, value;
  for (const auto each : roots) root.append(each);
  for (const auto each : values) value.append(each);
  return Batch{}.with(kRootColumn, std::move(root)).with("value", std::move(value));
}

std::vector<std::vector<Batch>> parts(Batch left, Batch right) {
  std::vector<std::vector<Batch>> made(2);
  made[0].push_back(std::move(left));
  made[1].push_back(std::move(right));
  return made;
}

std::vector<std::int64_t> values(const Batch& batch) {
  std::vector<std::int64_t> found;
  const auto column = batch.column<std::int64_t>("value");
  for (std::int64_t row = 0; row < batch.rows(); ++row) found.push_back(column.value(row, -1));
  return found;
}

}  // namespace

TEST_CASE("parts are merged by root, and within one root in their order", "[run][merge]") {
  const auto merged =
      merge_parts(parts(rows({1, 2, 2, 5}, {10, 20, 21, 50}), rows({2, 3}, {29, 39})));
  REQUIRE(merged.size() == 1);
  CHECK(values(merged.front()) == std::vector<std::int64_t>{10, 20, 21, 29, 39, 50});
}

TEST_CASE("a column that one part lacks is null in its rows", "[run][merge]") {
  Builder<std::string_view> ops;
  ops.append("flip");
  const auto merged =
      merge_parts(parts(rows({1}, {1}).with("ops", std::move(ops)), rows({1}, {2})));
  REQUIRE(merged.size() == 1);
  const auto column = merged.front().column<std::string_view>("ops");
  CHECK(column[0] == "flip");
  CHECK(!column[1].has_value());
}

TEST_CASE("parts without roots are put one behind the other", "[run][merge]") {
  const auto merged = merge_parts(parts(rows({5}, {1}).without(kRootColumn), rows({1}, {2})));
  REQUIRE(merged.size() == 2);
  CHECK(values(merged[0]) == std::vector<std::int64_t>{1});
  CHECK(values(merged[1]) == std::vector<std::int64_t>{2});
}

TEST_CASE("merging nothing keeps the columns", "[run][merge]") {
  const auto merged = merge_parts(parts(rows({}, {}), rows({}, {})));
  REQUIRE(merged.size() == 1);
  CHECK(merged.front().has("value"));
}

TEST_CASE("cutting keeps the rows of one root together", "[run][cut]") {
  const auto slices = cut(rows({1, 1, 1, 2, 3, 3, 4}, {1, 2, 3, 4, 5, 6, 7}), 2);
  REQUIRE(slices.size() == 3);
  CHECK(slices[0].rows() == 3);
  CHECK(slices[1].rows() == 3);
  CHECK(slices[2].rows() == 1);
}
