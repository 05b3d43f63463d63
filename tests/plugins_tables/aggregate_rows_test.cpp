// aggregate.rows as built: through its plugin.
#include <cmath>
#include <limits>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <utility>
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

using Whole = std::vector<std::int64_t>;
using MaybeWhole = std::vector<std::optional<std::int64_t>>;
using MaybeTexts = std::vector<std::optional<std::string>>;

OperatorHarness aggregating(const std::string& params) {
  millrace::testing::HarnessOptions options;
  options.library = std::string{MR_BINARY_DIR} + "/lib/millrace/plugins/tables.so";
  return OperatorHarness{"aggregate.rows", params, options};
}

std::string fault_of_aggregate(const std::string& params) {
  const auto harness = aggregating(params);
  return harness.faults().empty() ? std::string{} : harness.faults()[0].message;
}

// Rows [first, behind) of the groups g0, g1, ...
Batch grouped(std::int64_t first, std::int64_t behind, std::int64_t groups) {
  Builder<std::string_view> group;
  Builder<std::int64_t> value;
  for (auto n = first; n < behind; ++n) {
    group.append("g" + std::to_string(n % groups));
    value.append(n);
  }
  return Batch{}.with("group", std::move(group)).with("value", std::move(value));
}

constexpr auto kLeast = std::numeric_limits<std::int64_t>::min();
constexpr auto kGreatest = std::numeric_limits<std::int64_t>::max();

}  // namespace

TEST_CASE("groups leave in the order in which they came, a null is one of them",
          "[tables][aggregate]") {
  auto harness = aggregating(R"({"group_by": ["label"], "columns": {
    "rows": {"count": "*"}, "authors": {"count": "author"}, "names": {"join": "author", "separator": "; "},
    "least": {"min": "n"}, "greatest": {"max": "n"}, "first": {"first": "n"}, "last": {"last": "n"}, "sum": {"sum": "n"}}})");
  REQUIRE(harness
              .push(batch({{"label", {"b", "a", null, "b"}},
                           {"author", {"u", null, "v", null}},
                           {"n", {null, 5, null, 2}}}))
              .ok());
  CHECK(harness.rows() == 0);
  REQUIRE(harness
              .push(batch(
                  {{"label", {"b", "", "a"}}, {"author", {"", null, "w"}}, {"n", {-7, null, 9}}}))
              .ok());
  REQUIRE(harness.finish().ok());
  CHECK(harness.optional_column<std::string>("label") == MaybeTexts{"b", "a", std::nullopt, ""});
  CHECK(harness.column<std::int64_t>("rows") == Whole{3, 2, 1, 1});
  CHECK(harness.column<std::int64_t>("authors") == Whole{2, 1, 1, 0});
  CHECK(harness.column<std::string>("names") == std::vector<std::string>{"u; ", "w", "v", ""});
  CHECK(harness.optional_column<std::int64_t>("least") == MaybeWhole{-7, 5, {}, {}});
  CHECK(harness.optional_column<std::int64_t>("greatest") == MaybeWhole{2, 9, {}, {}});
  CHECK(harness.optional_column<std::int64_t>("first") == MaybeWhole{2, 5, {}, {}});
  CHECK(harness.optional_column<std::int64_t>("last") == MaybeWhole{-7, 9, {}, {}});
  CHECK(harness.column<std::int64_t>("sum") == Whole{-5, 14, 0, 0});
  std::vector<std::string> names;
  for (const auto& field : harness.table().schema()) names.push_back(field.name);
  CHECK(names == std::vector<std::string>{"label", "rows", "authors", "names", "least", "greatest",
                                          "first", "last", "sum"});
}

TEST_CASE("rows of branches are joined by their key, whatever columns their batches have",
          "[tables][aggregate]") {
  auto harness = aggregating(R"({"group_by": ["table"], "columns": {
    "received": {"sum": "received"}, "authors": {"first": "authors"}, "written": {"sum": "written"}}})");
  REQUIRE(harness.push(batch({{"written", {3, 4}}, {"table", {"b", "a"}}})).ok());
  REQUIRE(harness
              .push(batch(
                  {{"table", {"a", null, "c"}}, {"received", {10, 2, 30}}, {"authors", {1, 1, 2}}}))
              .ok());
  REQUIRE(harness.push(batch({{"other", {1}}})).ok());  // of the group without a table
  REQUIRE(harness.finish().ok());
  CHECK(harness.optional_column<std::string>("table") == MaybeTexts{"b", "a", std::nullopt, "c"});
  CHECK(harness.column<std::int64_t>("received") == Whole{0, 10, 2, 30});
  CHECK(harness.optional_column<std::int64_t>("authors") == MaybeWhole{{}, 1, 1, 2});
  CHECK(harness.column<std::int64_t>("written") == Whole{3, 4, 0, 0});
}

TEST_CASE("a text of all groups has those that are asked for", "[tables][aggregate]") {
  auto harness = aggregating(R"({"columns": {
    "tables": {"join": "table", "only_with": "written"}, "all": {"sum": "written"},
    "lengths": {"join": "written", "separator": "", "only_with": "is_sent"}, "sent": {"count": "*", "only_with": "is_sent"}}})");
  REQUIRE(harness
              .push(batch({{"table", {"a", "b", "c", "d"}},
                           {"written", {5, 0, null, 7}},
                           {"is_sent", {true, true, false, null}}}))
              .ok());
  REQUIRE(harness.push(batch({{"table", {"e"}}, {"written", {9}}})).ok());
  REQUIRE(harness.finish().ok());
  CHECK(harness.column<std::string>("tables") == std::vector<std::string>{"a,d,e"});
  CHECK(harness.column<std::int64_t>("all") == Whole{21});
  CHECK(harness.column<std::string>("lengths") == std::vector<std::string>{"50"});
  CHECK(harness.column<std::int64_t>("sent") == Whole{2});
}

TEST_CASE("without groups there is one row, also of no rows", "[tables][aggregate]") {
  const std::string columns =
      R"("columns": {"n": {"count": "*"}, "sum": {"sum": "a"}, "text": {"join": "b"}, "first": {"first": "c"}}})";
  auto none = aggregating("{" + columns);
  REQUIRE(none.finish().ok());
  CHECK(none.column<std::int64_t>("n") == Whole{0});
  CHECK(none.column<std::int64_t>("sum") == Whole{0});
  CHECK(none.column<std::string>("text") == std::vector<std::string>{""});
  CHECK(none.optional_column<std::string>("first") == MaybeTexts{std::nullopt});
  none.clear();
  REQUIRE(none.finish().ok());
  CHECK(none.rows() == 0);
  auto groups = aggregating(R"({"group_by": ["g"], )" + columns);
  REQUIRE(groups.push(batch({{"g", Type::Utf8, {}}})).ok());
  REQUIRE(groups.finish().ok());
  CHECK(groups.rows() == 0);
}

TEST_CASE("sums of whole numbers are exact, in any order, and refused beyond 64 bits",
          "[tables][aggregate]") {
  const std::string params = R"({"columns": {"sum": {"sum": "n"}}})";
  auto fitting = aggregating(params);
  REQUIRE(fitting.push(batch({{"n", {kGreatest, kGreatest, 1}}})).ok());
  REQUIRE(fitting.push(batch({{"n", {kLeast, kLeast, kLeast}}})).ok());
  REQUIRE(fitting.push(batch({{"n", {kGreatest, 1}}})).ok());
  const auto state = fitting.snapshot();
  REQUIRE(fitting.finish().ok());
  CHECK(fitting.column<std::int64_t>("sum") == Whole{-1});
  fitting.clear();
  REQUIRE(fitting.restore(state, 3).ok());
  REQUIRE(fitting.push(batch({{"n", {kLeast + 1}}})).ok());
  REQUIRE(fitting.finish().ok());
  CHECK(fitting.column<std::int64_t>("sum") == Whole{kLeast});
  for (const auto& [one, other] :
       {std::pair{kGreatest, std::int64_t{1}}, std::pair{kLeast, std::int64_t{-1}}}) {
    auto beyond = aggregating(params);
    REQUIRE(beyond.push(batch({{"n", {one, other}}})).ok());
    const auto status = beyond.finish();
    CHECK(status.code() == MR_DATA_INVALID);
    CHECK_THAT(status.message(), Catch::Contains("'n'"));
  }
}

TEST_CASE("values keep their type, and one column has one", "[tables][aggregate]") {
  auto harness = aggregating(R"({"group_by": ["g"], "columns": {
    "time": {"max": "time"}, "share": {"sum": "share"}, "least": {"min": "share"}, "flag": {"last": "flag"}, "name": {"min": "name"}, "shares": {"join": "share"}}})");
  const auto rows = [](std::int64_t group, std::int64_t time, double share, bool flag,
                       const char* name) {
    return batch({{"g", Type::Int32, {group}},
                  {"time", Type::Timestamp, {time}},
                  {"share", {share}},
                  {"flag", {flag}},
                  {"name", {name}}});
  };
  REQUIRE(harness.push(rows(7, 5, std::nan(""), true, "b")).ok());
  REQUIRE(harness.push(rows(7, 4, 0.5, false, "\xC3\xA4")).ok());
  REQUIRE(harness.push(rows(7, 4, 0.25, false, "a")).ok());
  // Columns without any value fit, whatever type they have.
  REQUIRE(
      harness.push(batch({{"g", {7}}, {"time", Type::Utf8, {null}}, {"share", Type::Bool, {null}}}))
          .ok());
  REQUIRE(harness.finish().ok());
  const Batch table = harness.table();
  CHECK(table.schema()[0].type == Type::Int64);
  CHECK(table.schema()[1].type == Type::Timestamp);
  CHECK(harness.column<std::int64_t>("time") == Whole{5});
  CHECK(std::isnan(harness.column<double>("share")[0]));
  CHECK(harness.column<double>("least") == std::vector<double>{0.25});
  CHECK(harness.column<bool>("flag") == std::vector<bool>{false});
  CHECK(harness.column<std::string>("name") == std::vector<std::string>{"a"});
  CHECK(harness.column<std::string>("shares") == std::vector<std::string>{"nan,0.5,0.25"});
  auto changing = aggregating(R"({"columns": {"n": {"first": "n"}}})");
  REQUIRE(changing.push(batch({{"n", {1}}})).ok());
  const auto status = changing.push(batch({{"n", {"1"}}}));
  CHECK(status.code() == MR_DATA_INVALID);
  CHECK_THAT(status.message(), Catch::Contains("'n'") && Catch::Contains("int64"));
  auto texts = aggregating(R"({"columns": {"n": {"sum": "n"}}})");
  CHECK(texts.push(batch({{"n", {"1"}}})).code() == MR_DATA_INVALID);
  auto bytes = aggregating(R"({"columns": {"n": {"last": "n"}}})");
  CHECK(bytes.push(batch({{"n", Type::Binary, {"1"}}})).code() == MR_DATA_INVALID);
}

TEST_CASE("keys of several columns do not run into one another", "[tables][aggregate]") {
  auto harness = aggregating(
      R"({"group_by": ["a", "b"], "columns": {"n": {"count": "*"}}, "memory": 1048576})");
  const std::string zero{"\0", 1};
  REQUIRE(harness
              .push(batch({{"a", {"x", "xy", zero, "", null, "", "x"}},
                           {"b", {"yz", "z", "", zero, "", null, "yz"}}}))
              .ok());
  REQUIRE(harness.finish().ok());
  CHECK(harness.column<std::int64_t>("n") == Whole{2, 1, 1, 1, 1, 1});
  auto numbers = aggregating(R"({"group_by": ["a"], "columns": {"n": {"count": "*"}}})");
  REQUIRE(numbers.push(batch({{"a", {0.0, -0.0, std::nan(""), std::nan("")}}})).ok());
  REQUIRE(numbers.finish().ok());
  CHECK(numbers.column<std::int64_t>("n") == Whole{2, 2});
}

TEST_CASE("aggregates are those of a plain reference, over states and batches",
          "[tables][aggregate]") {
  struct Reference {
    std::int64_t rows = 0, sum = 0;
    std::optional<std::int64_t> least, last;
    std::string join;
  };
  std::mt19937 random{11};
  auto harness = aggregating(R"({"group_by": ["g", "h"], "columns": {
    "rows": {"count": "*"}, "sum": {"sum": "n"}, "least": {"min": "n"}, "last": {"last": "n"}, "join": {"join": "n", "separator": "|"}}})");
  std::map<std::pair<std::string, std::int64_t>, Reference> expected;
  std::vector<std::pair<std::string, std::int64_t>> order;
  for (int part = 0; part < 40; ++part) {
    Builder<std::string_view> g;
    Builder<std::int64_t> h, n;
    for (auto rows = random() % 300; rows > 0; --rows) {
      const std::string group(random() % 5, 'x');
      const auto other = static_cast<std::int64_t>(random() % 7);
      auto& reference = expected[{group, other}];
      if (reference.rows++ == 0) order.emplace_back(group, other);
      g.append(group);
      h.append(other);
      if (random() % 4 == 0) {
        n.append_null();
        continue;
      }
      const auto value = static_cast<std::int64_t>(random() % 1000) - 500;
      n.append(value);
      reference.sum += value;
      reference.least = std::min(reference.least.value_or(value), value);
      reference.join += (reference.last ? "|" : "") + std::to_string(value);
      reference.last = value;
    }
    REQUIRE(
        harness
            .push(Batch{}.with("g", std::move(g)).with("h", std::move(h)).with("n", std::move(n)))
            .ok());
    if (part % 7 == 3) REQUIRE(harness.restore(harness.snapshot(), part + 1).ok());
  }
  REQUIRE(harness.finish().ok());
  const auto g = harness.column<std::string>("g"), join = harness.column<std::string>("join");
  const auto h = harness.column<std::int64_t>("h"), rows = harness.column<std::int64_t>("rows"),
             sum = harness.column<std::int64_t>("sum");
  const auto least = harness.optional_column<std::int64_t>("least"),
             last = harness.optional_column<std::int64_t>("last");
  REQUIRE(g.size() == order.size());
  for (std::size_t i = 0; i < order.size(); ++i) {
    const auto& reference = expected[order[i]];
    CHECK(std::pair{g[i], h[i]} == order[i]);
    CHECK(rows[i] == reference.rows);
    CHECK(sum[i] == reference.sum);
    CHECK(least[i] == reference.least);
    CHECK(last[i] == reference.last);
    CHECK(join[i] == reference.join);
  }
}

TEST_CASE("a state holds every kind of value, and what left already", "[tables][aggregate]") {
  auto harness = aggregating(
      R"({"group_by": ["group"], "columns": {"n": {"count": "*"}, "value": {"last": "value"}}})");
  REQUIRE(harness.push(grouped(0, 30'000, 20'000)).ok());
  const auto state = harness.snapshot();
  CHECK(harness.snapshot() == state);
  REQUIRE(harness.finish().ok());
  CHECK(harness.emitted() == 3);  // 8,192 rows each
  const auto whole = harness.column<std::int64_t>("value");
  REQUIRE(harness.restore(harness.snapshot(), 2).ok());
  harness.clear();
  REQUIRE(harness.finish().ok());
  CHECK(harness.rows() == 0);
  REQUIRE(harness.restore(state, 1).ok());
  harness.clear();
  REQUIRE(harness.finish().ok());
  CHECK(harness.column<std::int64_t>("value") == whole);
  for (const char* broken : {"", " 0", " 0 1", " 0 x", " 9 0", " 0 0 -1 0 99 0"})
    CHECK(harness.restore(broken, 0).code() == MR_DATA_INVALID);
}

TEST_CASE("groups and their bytes are bounded", "[tables][aggregate][limits]") {
  const std::string columns = R"("columns": {"n": {"count": "*"}})";
  auto groups = aggregating(R"({"group_by": ["group"], "memory": 1073741824, )" + columns + "}");
  for (std::int64_t first = 0; first < 1'000'000; first += 100'000)
    REQUIRE(groups.push(grouped(first, first + 100'000, 2'000'000)).ok());
  REQUIRE(groups.push(grouped(0, 5, 2'000'000)).ok());
  try {
    static_cast<void>(groups.snapshot());
    FAIL_CHECK("a state of all groups");
  } catch (const std::runtime_error& error) {
    CHECK_THAT(error.what(), Catch::Contains("too many"));
  }
  const auto many = groups.push(grouped(1'000'000, 1'000'001, 2'000'000));
  CHECK(many.code() == MR_EXHAUSTED);
  CHECK_THAT(many.message(), Catch::Contains("`group_by`"));
  auto bytes = aggregating(R"({"columns": {"all": {"join": "text"}}, "memory": 65536})");
  REQUIRE(bytes.push(batch({{"text", {std::string(30'000, 'x')}}})).ok());
  const auto much = bytes.push(batch({{"text", {std::string(60'000, 'x')}}}));
  CHECK(much.code() == MR_EXHAUSTED);
  CHECK_THAT(much.message(), Catch::Contains("`memory`"));
}

TEST_CASE("wrong parameters of an aggregate are faults", "[tables][aggregate]") {
  const auto fault = [](const std::string& columns) {
    return fault_of_aggregate(R"({"group_by": ["g"], "columns": {)" + columns + "}}");
  };
  CHECK_THAT(fault(""), Catch::Contains("one column"));
  CHECK_THAT(fault(R"("a": {})"), Catch::Contains("sum, count"));
  CHECK_THAT(fault(R"("a": {"sum": "x", "count": "x"})"), Catch::Contains("not several"));
  CHECK_THAT(fault(R"("a": {"sum": "x", "separator": ";"})"), Catch::Contains("join alone"));
  CHECK_THAT(fault(R"("g": {"sum": "x"})"), Catch::Contains("`group_by`"));
  CHECK_THAT(fault(R"("@root": {"sum": "x"})"), Catch::Contains("engine's own"));
  CHECK_THAT(fault(R"("a": {"sum": ""})"), !Catch::Equals(""));
  CHECK_THAT(fault(R"("a": {"mean": "x"})"), !Catch::Equals(""));
  CHECK_THAT(fault_of_aggregate(R"({"group_by": ["g", "g"], "columns": {"a": {"count": "*"}}})"),
             Catch::Contains("once"));
  std::string many = R"("c": {"count": "*"})";
  for (int i = 0; i < 1000; ++i) many += R"(, "c)" + std::to_string(i) + R"(": {"count": "*"})";
  CHECK_THAT(fault(many), Catch::Contains("1000"));
}
