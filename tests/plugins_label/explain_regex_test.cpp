// label.explain_regex as built: through its plugin.
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

#include <millrace/testing.hpp>

using millrace::Batch;
using millrace::testing::batch;
using millrace::testing::null;
using millrace::testing::OperatorHarness;

namespace {

using FoundLabels = std::vector<std::optional<std::string>>;
using CountedRows = std::vector<std::int64_t>;

OperatorHarness explaining(std::string_view params) {
  millrace::testing::HarnessOptions options;
  options.library = MR_BINARY_DIR "/lib/millrace/plugins/label.so";
  return OperatorHarness{"label.explain_regex", params, options};
}

}  // namespace

TEST_CASE("label.explain_regex tells why a text has its label, and reports on the patterns",
          "[label][explain]") {
  auto harness = explaining(
      R"({"rules": {"A": ["ab+", "(?<!x)b", "zz", "ab+"], "B": ["^x"]}, "count_column": "count"})");
  REQUIRE(harness.push(batch({{"text", {"xABB", "cab", "x"}}})).ok());
  REQUIRE(harness.restore(harness.snapshot(), 1).ok());
  REQUIRE(harness.push(batch({{"text", {null, "q"}}})).ok());
  REQUIRE(harness.finish().ok());
  CHECK(harness.optional_column<std::string>("label") == FoundLabels{"A", "A", "B", {}, {}});
  CHECK(harness.column<std::int64_t>("count") == CountedRows{3, 3, 1, 0, 0});
  const Batch table = harness.table();
  using Range = std::pair<std::int64_t, std::int64_t>;
  CHECK(table.list_range("why", 0) == Range{0, 4});
  CHECK(table.list_range("why", 2) == Range{7, 8});
  CHECK(table.list_range("why", 4) == Range{8, 8});
  const Batch why = table.child("why");
  CHECK(why.column<std::string_view>("pattern").value(0) == "ab+");
  CHECK(why.column<std::int64_t>("begin").value(0) == 1);
  CHECK(why.column<std::int64_t>("end").value(0) == 4);
  CHECK(why.column<std::int64_t>("begin").value(1) == 2);
  CHECK(why.column<std::string_view>("label").value(3) == "B");
  CHECK_FALSE(why.has("type"));

  CHECK(harness.column<std::string>("pattern", "rules") ==
        std::vector<std::string>{"ab+", "(?<!x)b", "zz", "ab+", "^x"});
  CHECK(harness.column<std::int64_t>("rows", "rules") == CountedRows{2, 2, 0, 2, 2});
  CHECK(harness.column<std::int64_t>("alone", "rules") == CountedRows{0, 0, 0, 0, 1});
  CHECK(harness.column<std::int64_t>("conflicts", "rules") == CountedRows{1, 1, 0, 1, 1});
  CHECK(harness.column<std::int64_t>("chosen", "rules") == CountedRows{2, 2, 0, 2, 1});
  CHECK(harness.optional_column<std::string>("hidden_by", "rules") ==
        FoundLabels{{}, {}, {}, "ab+", {}});
  CHECK(harness.column<std::string>("label", "conflicts") == std::vector<std::string>{"A"});
  CHECK(harness.column<std::string>("other", "conflicts") == std::vector<std::string>{"B"});
  CHECK(harness.column<std::int64_t>("rows", "conflicts") == CountedRows{1});
}

TEST_CASE("places of patterns are characters of the text as it came", "[label][explain]") {
  auto harness = explaining(R"({"rules": {"A": ["x\\w"]}})");
  REQUIRE(harness.push(batch({{"text", {"先İXY", "q"}}})).ok());
  const Batch why = harness.table().child("why");
  REQUIRE(why.rows() == 1);
  CHECK(why.column<std::int64_t>("begin").value(0) == 2);
  CHECK(why.column<std::int64_t>("end").value(0) == 4);
}

TEST_CASE("label.explain_regex fails as label.regex does where patterns take for ever",
          "[label][explain]") {
  auto harness = explaining(
      R"({"rules": {"A": ["(?:a|aa)+(?!a|b)c*"]}, "match_limit": 100000, "max_over_limit": 0.4})");
  const std::string evil = std::string(5000, 'a') + "b";
  REQUIRE(harness.push(batch({{"text", {evil, "c"}}})).ok());
  const auto status = harness.finish();
  CHECK(status.code() == MR_DATA_INVALID);
  CHECK_THAT(status.message(), Catch::Contains("pattern 0 of label A exceeded the match limit"));
  CHECK(harness.counts().at("rowsOverMatchLimit") == 1);
}
