// derive.columns as built: through its plugin.
#include <chrono>
#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

#include <millrace/testing.hpp>

using millrace::Batch;
using millrace::Type;
using millrace::testing::batch;
using millrace::testing::null;
using millrace::testing::OperatorHarness;

namespace {

using DerivedTexts = std::vector<std::optional<std::string>>;
using DerivedNumbers = std::vector<std::optional<double>>;
using DerivedWhole = std::vector<std::optional<std::int64_t>>;

OperatorHarness deriving(const std::string& params) {
  millrace::testing::HarnessOptions options;
  options.library = std::string{MR_BINARY_DIR} + "/lib/millrace/plugins/tables.so";
  return OperatorHarness{"derive.columns", params, options};
}

// The operator that makes these columns, with one batch behind it.
OperatorHarness derived(const std::string& columns, Batch rows) {
  auto harness = deriving(R"({"columns": [)" + columns + "]}");
  const auto status = harness.push(std::move(rows));
  INFO(status.message());
  REQUIRE(status.ok());
  return harness;
}

// What is said of values that cannot be made.
std::string derive_error(const std::string& columns, Batch rows) {
  auto harness = deriving(R"({"columns": [)" + columns + "]}");
  const auto status = harness.push(std::move(rows));
  CHECK(status.code() == MR_DATA_INVALID);
  return status.message();
}

std::string fault_of_derive(const std::string& params) {
  const auto harness = deriving(params);
  return harness.faults().empty()
             ? std::string{}
             : harness.faults()[0].pointer + ": " + harness.faults()[0].message;
}

std::vector<std::string> column_names(const Batch& table) {
  std::vector<std::string> names;
  for (const auto& field : table.schema()) names.push_back(field.name);
  return names;
}

}  // namespace

TEST_CASE("a rate is a rounded ratio, and a text has its shortest digits", "[tables][derive]") {
  const auto harness = derived(
      R"({"to": "rate", "ratio": ["of", "all"], "factor": 100, "decimals": 2, "as": "utf8"},
         {"to": "number", "ratio": ["of", "all"], "factor": 100, "decimals": 2},
         {"to": "half", "ratio": ["of", 2]})",
      batch({{"of", {109614, 236705, 10725, 1, 2, 0, 5, 0, null, 3}},
             {"all", {228206, 1672893, 50216, 32, 2, 7, 0, 0, 4, 2}}}));
  CHECK(harness.optional_column<std::string>("rate") ==
        DerivedTexts{"48.03", "14.15", "21.36", "3.12", "100.0", "0.0", {}, {}, {}, "150.0"});
  CHECK(harness.optional_column<double>("number") ==
        DerivedNumbers{48.03, 14.15, 21.36, 3.12, 100.0, 0.0, {}, {}, {}, 150.0});
  CHECK(harness.optional_column<double>("half")[9] == 1.5);
}

TEST_CASE("columns are made one after the other, of those before them", "[tables][derive]") {
  const auto harness = derived(
      R"({"to": "n", "copy": "text", "as": "int64"},
         {"to": "sum", "sum": ["n", "more", -1]},
         {"to": "note", "text": "{{{sum}}} of {name}"},
         {"to": "name", "value": "all"},
         {"to": "flag", "value": true}, {"to": "part", "value": 0.5}, {"to": "nothing"}, {"to": "no_time", "as": "timestamp"})",
      batch({{"@root", {1, 1}},
             {"text", {"12", null}},
             {"more", {5, 6}},
             {"name", {"Ptt", "blog"}}}));
  CHECK(harness.optional_column<std::int64_t>("sum") == DerivedWhole{16, {}});
  CHECK(harness.optional_column<std::string>("note") == DerivedTexts{"{16} of Ptt", {}});
  CHECK(harness.column<std::string>("name") == std::vector<std::string>{"all", "all"});
  CHECK(harness.column<bool>("flag") == std::vector<bool>{true, true});
  CHECK(harness.column<double>("part") == std::vector<double>{0.5, 0.5});
  CHECK(harness.optional_column<std::string>("nothing") == DerivedTexts{{}, {}});
  CHECK(harness.table().schema().back().type == Type::Timestamp);
  CHECK(column_names(harness.table()) == std::vector<std::string>{"@root", "text", "more", "name",
                                                                  "n", "sum", "note", "flag",
                                                                  "part", "nothing", "no_time"});
}

TEST_CASE("a column has its first value, of columns that fit together", "[tables][derive]") {
  const auto harness = derived(
      R"({"to": "rows", "coalesce": ["a", "b", 0]}, {"to": "mixed", "coalesce": ["a", "x"]}, {"to": "time", "coalesce": ["unknown", "t"]})",
      batch({{"a", {1, null, null}},
             {"b", {7, 8, null}},
             {"x", {0.5, 0.5, null}},
             {"unknown", {null, null, null}},
             {"t", Type::Timestamp, {5, null, 6}}}));
  CHECK(harness.optional_column<std::int64_t>("rows") == DerivedWhole{1, 8, 0});
  CHECK(harness.optional_column<double>("mixed") == DerivedNumbers{1.0, 0.5, {}});
  CHECK(harness.optional_column<std::int64_t>("time") == DerivedWhole{5, {}, 6});
  CHECK(harness.table().schema().back().type == Type::Timestamp);
  CHECK_THAT(
      derive_error(R"({"to": "c", "coalesce": ["a", "b"]})", batch({{"a", {1}}, {"b", {"x"}}})),
      Catch::Contains("'c'") && Catch::Contains("utf8"));
  // 2^53 + 1 has no equal among numbers with a fraction.
  CHECK_THAT(derive_error(R"({"to": "c", "coalesce": ["a", "b"]})",
                          batch({{"a", {(std::int64_t{1} << 53) + 1, null}}, {"b", {null, 0.5}}})),
             Catch::Contains("9007199254740993"));
}

TEST_CASE("a time and microseconds have a sum, which is a time", "[tables][derive]") {
  const auto harness = derived(
      R"({"to": "end", "sum": ["begin", 21600000000]}, {"to": "us", "copy": "end", "as": "int64"},
         {"to": "text", "copy": "end", "as": "utf8"}, {"to": "zero", "value": "1970-01-01", "as": "timestamp"})",
      batch({{"begin", Type::Timestamp, {0, null}}}));
  CHECK(harness.table().schema()[1].type == Type::Timestamp);
  CHECK(harness.optional_column<std::int64_t>("us") == DerivedWhole{21'600'000'000, {}});
  CHECK(harness.optional_column<std::string>("text") == DerivedTexts{"1970-01-01 06:00:00", {}});
  CHECK(harness.optional_column<std::int64_t>("zero") == DerivedWhole{0, 0});
  const auto times = [] {
    return batch({{"a", Type::Timestamp, {1}}, {"b", Type::Timestamp, {2}}, {"x", {0.5}}});
  };
  CHECK_THAT(derive_error(R"({"to": "c", "sum": ["a", "b"]})", times()), Catch::Contains("'c'"));
  CHECK_THAT(derive_error(R"({"to": "c", "sum": ["a", "x"]})", times()), Catch::Contains("'c'"));
  CHECK_THAT(derive_error(R"({"to": "c", "ratio": ["a", "x"]})", times()), Catch::Contains("'a'"));
}

TEST_CASE("a sum beyond 64 bits is an error, one that passes there is none", "[tables][derive]") {
  constexpr auto kGreatest = std::numeric_limits<std::int64_t>::max();
  const auto harness = derived(R"({"to": "c", "sum": ["a", "b", "b", -2]})",
                               batch({{"a", {kGreatest, 1}}, {"b", {1, null}}}));
  CHECK(harness.optional_column<std::int64_t>("c") == DerivedWhole{kGreatest, {}});
  CHECK_THAT(derive_error(R"({"to": "c", "sum": ["a", 1]})", batch({{"a", {kGreatest}}})),
             Catch::Contains("'c'") && Catch::Contains("64 bits"));
  CHECK(derived(R"({"to": "c", "sum": ["a", 0.5]})", batch({{"a", {1}}})).column<double>("c") ==
        std::vector<double>{1.5});
}

TEST_CASE("the time that passed is told in any unit", "[tables][derive]") {
  using std::chrono::microseconds;
  const auto now =
      std::chrono::duration_cast<microseconds>(std::chrono::system_clock::now().time_since_epoch())
          .count();
  const auto harness = derived(
      R"({"to": "minutes", "since": "t", "unit": "minutes"}, {"to": "s", "since": "t"},
         {"to": "whole", "since": "t", "unit": "hours", "decimals": 0, "as": "int64"})",
      batch({{"t", Type::Timestamp, {now - 7'200'000'000, null}}}));
  const auto minutes = harness.optional_column<double>("minutes");
  REQUIRE(minutes[0]);
  CHECK(*minutes[0] >= 120);
  CHECK(*minutes[0] < 150);
  CHECK(*harness.optional_column<double>("s")[0] >= 7200);
  CHECK_FALSE(minutes[1]);
  CHECK(harness.optional_column<std::int64_t>("whole") == DerivedWhole{2, {}});
  CHECK_THAT(derive_error(R"({"to": "m", "since": "t"})", batch({{"t", {"2021-01-01"}}})),
             Catch::Contains("'t'"));
}

TEST_CASE("what leaves is chosen", "[tables][derive]") {
  const auto rows = [] { return batch({{"@root", {1}}, {"a", {1}}, {"b", {2}}, {"c", {3}}}); };
  auto kept = deriving(R"({"columns": [{"to": "d", "sum": ["a", "b"]}], "keep": ["d", "a"]})");
  REQUIRE(kept.push(rows()).ok());
  CHECK(column_names(kept.table()) == std::vector<std::string>{"@root", "d", "a"});
  auto dropped = deriving(R"({"drop": ["b", "absent"]})");
  REQUIRE(dropped.push(rows()).ok());
  CHECK(column_names(dropped.table()) == std::vector<std::string>{"@root", "a", "c"});
  auto absent = deriving(R"({"keep": ["absent"]})");
  const auto status = absent.push(rows());
  CHECK(status.code() == MR_DATA_INVALID);
  CHECK_THAT(status.message(), Catch::Contains("absent"));
}

TEST_CASE("batches without rows and columns without values are no trouble", "[tables][derive]") {
  const std::string columns =
      R"({"to": "r", "ratio": ["a", "b"]}, {"to": "s", "sum": ["a", "b"]}, {"to": "x", "copy": "a", "as": "int64"},
         {"to": "t", "text": "{a}"}, {"to": "m", "since": "a"})";
  const auto none = derived(columns, batch({{"a", Type::Utf8, {}}, {"b", Type::Int64, {}}}));
  CHECK(none.rows() == 0);
  const auto nulls = derived(columns, batch({{"a", {null}}, {"b", {1}}}));
  CHECK(nulls.optional_column<double>("r") == DerivedNumbers{{}});
  CHECK(nulls.optional_column<std::int64_t>("x") == DerivedWhole{{}});
  CHECK(nulls.optional_column<std::string>("t") == DerivedTexts{{}});
}

TEST_CASE("values that do not fit are told by column and value", "[tables][derive]") {
  CHECK_THAT(derive_error(R"({"to": "n", "copy": "a", "as": "int64"})", batch({{"a", {"12x"}}})),
             Catch::Contains("'n'") && Catch::EndsWith("12x"));
  CHECK_THAT(derive_error(R"({"to": "n", "copy": "a", "as": "int64"})", batch({{"a", {0.5}}})),
             Catch::Contains("`decimals`"));
  CHECK_THAT(derive_error(R"({"to": "n", "sum": ["a", 1]})", batch({{"a", {"1"}}})),
             Catch::Contains("'a'") && Catch::Contains("`as`"));
  CHECK_THAT(derive_error(R"({"to": "n", "copy": "absent"})", batch({{"a", {"1"}}})),
             Catch::Contains("'absent'"));
}

TEST_CASE("wrong parameters of derived columns are faults", "[tables][derive]") {
  const auto fault = [](const std::string& column) {
    return fault_of_derive(R"({"columns": [{"to": "ok", "value": 1}, )" + column + "]}");
  };
  for (const char* column :
       {R"({"to": "x", "copy": "a", "value": 1})", R"({"to": "@root", "value": 1})",
        R"({"to": "x", "text": "{"})", R"({"to": "x", "copy": "a", "factor": 2})",
        R"({"to": "x", "copy": "a", "unit": "days"})", R"({"to": "x", "value": [1]})",
        R"({"to": "x", "value": "soon", "as": "timestamp"})", R"({"to": "x", "ratio": ["a"]})",
        R"({"copy": "a"})", R"({"to": "x", "sum": []})", R"({"to": "x", "sum": [true]})",
        R"({"to": "x", "copy": "a", "decimals": 16})", R"({"to": "x", "copy": "a", "as": "bool"})"})
    CHECK_THAT(fault(column), Catch::StartsWith("/columns/1"));
  CHECK_THAT(fault_of_derive(R"({"keep": ["a"], "drop": ["b"]})"), Catch::StartsWith("/drop"));
  CHECK_THAT(fault_of_derive(R"({"drop": ["@root"]})"), Catch::StartsWith("/drop"));
  CHECK_THAT(fault_of_derive(R"({"keep": ["a", "a"]})"), Catch::StartsWith("/keep"));
}
