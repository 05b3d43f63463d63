// split.rows as built: through its plugin.
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

using SplitTexts = std::vector<std::optional<std::string>>;
using SplitNumbers = std::vector<std::int64_t>;

const std::string kTables = std::string{MR_BINARY_DIR} + "/lib/millrace/plugins/tables.so";

OperatorHarness splitting(const std::string& params) {
  millrace::testing::HarnessOptions options;
  options.library = kTables;
  return OperatorHarness{"split.rows", params, options};
}

std::string fault_of_split(const std::string& params) {
  const auto harness = splitting(params);
  return harness.faults().empty() ? std::string{} : harness.faults()[0].pointer;
}

// What becomes of one row of two lists.
millrace::testing::Status split_pair(millrace::testing::Cell one, millrace::testing::Cell other,
                                     OperatorHarness& harness) {
  return harness.push(batch({{"a", millrace::Type::Utf8, {std::move(one)}},
                             {"b", millrace::Type::Utf8, {std::move(other)}}}));
}

}  // namespace

TEST_CASE("operators on tables conform", "[tables][conformance]") {
  for (const auto& finding : millrace::testing::check_conformance(kTables))
    FAIL_CHECK(finding.operator_id << ", " << finding.check << ": " << finding.message);
}

TEST_CASE("lists become rows side by side, with what stands beside them", "[tables][split]") {
  auto harness = splitting(R"({"columns": {"result": "table", "authors": "count"}})");
  REQUIRE(harness
              .push(batch({{"@root", {3, 4, 5, 6}},
                           {"result", {"Ptt,blog", "", null, "news"}},
                           {"authors", {"12,7", "", null, "3"}},
                           {"id", {1, 2, 3, 4}}}))
              .ok());
  REQUIRE(harness.finish().ok());
  CHECK(harness.column<std::string>("table") == std::vector<std::string>{"Ptt", "blog", "news"});
  CHECK(harness.column<std::string>("count") == std::vector<std::string>{"12", "7", "3"});
  CHECK(harness.column<std::int64_t>("id") == SplitNumbers{1, 1, 4});
  CHECK(harness.column<std::int64_t>("@root") == SplitNumbers{3, 3, 6});
  CHECK_FALSE(harness.table().has("result"));
  CHECK(harness.counts().at("emptyRows") == 2);
}

TEST_CASE("rows without items may stay, and columns may go", "[tables][split]") {
  auto harness = splitting(
      R"({"columns": {"a": "a"}, "separator": "::", "strip": true, "keep": ["@root"], "empty": "keep"})");
  REQUIRE(harness
              .push(batch({{"@root", {0, 1, 2}},
                           {"a", {"x:: y :: :: \xE3\x80\x80z", null, ""}},
                           {"b", {1, 2, 3}}}))
              .ok());
  CHECK(harness.optional_column<std::string>("a") ==
        SplitTexts{"x", "y", "", "z", std::nullopt, std::nullopt});
  CHECK(harness.column<std::int64_t>("@root") == SplitNumbers{0, 0, 0, 0, 1, 2});
  CHECK_FALSE(harness.table().has("b"));
  auto alone = splitting(R"({"columns": {"n": "digits"}, "keep": []})");
  REQUIRE(alone.push(batch({{"n", {12, null}}, {"b", {1, 2}}})).ok());
  CHECK(alone.column<std::string>("digits") == std::vector<std::string>{"12"});
  CHECK(alone.table().schema().size() == 1);
  auto kept = splitting(R"({"columns": {"a": "item"}, "keep": ["a"]})");
  REQUIRE(kept.push(batch({{"a", {"x,y"}}, {"b", {1}}})).ok());
  CHECK(kept.column<std::string>("a") == std::vector<std::string>{"x,y", "x,y"});
}

TEST_CASE("lists side by side have as many items", "[tables][split]") {
  const std::string params = R"({"columns": {"a": "x", "b": "y"}})";
  auto harness = splitting(params);
  const auto status = split_pair("1,2,3", "1,2", harness);
  CHECK(status.code() == MR_DATA_INVALID);
  CHECK_THAT(status.message(), Catch::Contains("'a' has 3") && Catch::Contains("'b' has 2"));
  auto empty = splitting(params);
  CHECK(split_pair("1,2", "", empty).code() == MR_DATA_INVALID);
  auto fitting = splitting(params);
  REQUIRE(split_pair("1", "", fitting).ok());
  REQUIRE(split_pair(null, "5,6", fitting).ok());
  REQUIRE(split_pair(",", ",", fitting).ok());
  CHECK(fitting.optional_column<std::string>("x") ==
        SplitTexts{"1", std::nullopt, std::nullopt, "", ""});
  CHECK(fitting.optional_column<std::string>("y") == SplitTexts{"", "5", "6", "", ""});
}

TEST_CASE("a long list leaves in parts, whatever stands beside it", "[tables][split]") {
  constexpr std::int64_t kItems = 20'000;
  std::string list;
  for (std::int64_t i = 0; i < kItems; ++i) list += (i == 0 ? "" : ",") + std::to_string(i);
  auto harness = splitting(R"({"columns": {"list": "item"}})");
  REQUIRE(harness.push(batch({{"list", {"a,b", list, "c"}}, {"wide", {"", "", ""}}})).ok());
  CHECK(harness.rows() == kItems + 3);
  CHECK(harness.emitted() == 3);
  const auto items = harness.column<std::string>("item");
  CHECK(items[2] == "0");
  CHECK(items[kItems + 1] == std::to_string(kItems - 1));
  CHECK(items.back() == "c");
  // 470 items beside 64 KiB would be 30 MB at once.
  auto wide = splitting(R"({"columns": {"list": "item"}})");
  REQUIRE(wide.push(batch({{"list", {list.substr(0, 2000)}}, {"wide", {std::string(65'536, 'w')}}}))
              .ok());
  for (std::size_t i = 0; i < wide.emitted(); ++i)
    CHECK(wide.batch_at(i).size_bytes() < (5u << 20));
}

TEST_CASE("what is split is what was joined", "[tables][split]") {
  std::mt19937 random{7};
  auto harness = splitting(R"({"columns": {"list": "item"}, "separator": "ab"})");
  std::vector<std::string> expected;
  Builder<std::string_view> lists;
  for (int row = 0; row < 500; ++row) {
    std::string list;
    const auto items = 2 + random() % 6;
    for (std::size_t i = 0; i < items; ++i) {
      std::string item;
      for (auto letters = random() % 4; letters > 0; --letters) item += "bcd"[random() % 3];
      list += (i == 0 ? "" : "ab") + item;
      expected.push_back(item);
    }
    lists.append(list);
  }
  REQUIRE(harness.push(Batch{}.with("list", std::move(lists))).ok());
  CHECK(harness.column<std::string>("item") == expected);
}

TEST_CASE("what is no list is refused", "[tables][split]") {
  auto harness = splitting(R"({"columns": {"a": "x"}})");
  const auto status = harness.push(batch({{"a", millrace::Type::Binary, {"x"}}}));
  CHECK(status.code() == MR_DATA_INVALID);
  auto absent = splitting(R"({"columns": {"a": "x"}})");
  CHECK(absent.push(batch({{"b", {"x"}}})).code() == MR_DATA_INVALID);
  CHECK(fault_of_split(R"({"columns": {}})") == "/columns");
  CHECK(fault_of_split(R"({"columns": {"a": "x", "b": "x"}})") == "/columns");
  CHECK(fault_of_split(R"({"columns": {"a": "@root"}})") == "/columns");
  CHECK(fault_of_split(R"({"columns": {"a": "x"}, "keep": ["b", "b"]})") == "/keep");
  std::string many = R"({"columns": {"c0": "x0")";
  for (int i = 1; i <= 100; ++i)
    many += R"(, "c)" + std::to_string(i) + R"(": "x)" + std::to_string(i) + '"';
  CHECK(fault_of_split(many + "}}") == "/columns");
}
