#include <algorithm>
#include <map>
#include <numeric>
#include <set>
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

const std::string kSampleByLabel =
    std::string{MR_BINARY_DIR} + "/lib/millrace/plugins/sample_by_label.so";

OperatorHarness sampling(const std::string& params, std::uint64_t seed = 1) {
  millrace::testing::HarnessOptions options;
  options.library = kSampleByLabel;
  options.seed = seed;
  return OperatorHarness{"sample.by_label", params, options};
}

// Rows 0, 1, ... with the label "A", but each third "B".
Batch sample_numbers(std::int64_t first, std::int64_t count) {
  Builder<std::int64_t> n;
  Builder<std::string_view> labels;
  for (auto i = first; i < first + count; ++i) {
    n.append(i);
    labels.append(i % 3 == 0 ? "B" : "A");
  }
  return Batch{}.with("n", std::move(n)).with("label", std::move(labels));
}

std::vector<std::int64_t> sampled(const std::string& params, std::uint64_t seed = 1,
                                  std::int64_t rows = 3000, std::int64_t rows_of_batch = 700) {
  auto harness = sampling(params, seed);
  for (std::int64_t first = 0; first < rows; first += rows_of_batch)
    REQUIRE(harness.push(sample_numbers(first, std::min(rows_of_batch, rows - first))).ok());
  REQUIRE(harness.finish().ok());
  return harness.column<std::int64_t>("n");
}

std::int64_t of_b(const std::vector<std::int64_t>& numbers) {
  return std::count_if(numbers.begin(), numbers.end(), [](auto n) { return n % 3 == 0; });
}

}  // namespace

TEST_CASE("sample.by_label conforms", "[conformance]") {
  for (const auto& finding : millrace::testing::check_conformance(kSampleByLabel))
    FAIL_CHECK(finding.operator_id << ": " << finding.check << ": " << finding.message);
}

TEST_CASE("a sample has so many rows of each label, or all of them", "[sample]") {
  const auto some = sampled(R"({"count": 100})");
  CHECK(some.size() == 200);
  CHECK(of_b(some) == 100);
  CHECK(std::set<std::int64_t>(some.begin(), some.end()).size() == 200);
  const auto most = sampled(R"({"count": 1500})");
  CHECK(most.size() == 2500);
  CHECK(of_b(most) == 1000);
  CHECK(sampled(R"({"count": 1000000})").size() == 3000);  // none is left out before the end
  CHECK(sampled("{}", 1, 0).empty());
}

TEST_CASE("a sample is drawn and shuffled by the seed alone", "[sample]") {
  const auto once = sampled(R"({"count": 50})");
  CHECK(sampled(R"({"count": 50})", 1, 3000, 1) == once);
  CHECK(sampled(R"({"count": 50, "memory": 65536})") == once);
  CHECK(sampled(R"({"count": 50})", 2) != once);
  CHECK_FALSE(std::is_sorted(once.begin(), once.end()));
}

TEST_CASE("each row of a label has the same chance", "[sample]") {
  std::map<std::int64_t, int> hits;
  for (std::uint64_t seed = 1; seed <= 400; ++seed) {
    for (const auto n : sampled(R"({"count": 3})", seed, 30, 8)) ++hits[n];
  }
  // 60 of 400 where 20 rows have a label, 120 where 10 have: five standard deviations are 36
  // and 46.
  for (std::int64_t n = 0; n < 30; ++n) {
    INFO(n);
    const double expected = n % 3 == 0 ? 120 : 60;
    CHECK(hits[n] > expected - 46);
    CHECK(hits[n] < expected + 46);
  }
}

TEST_CASE("rows of each set are drawn by themselves", "[sample]") {
  auto harness = sampling(R"({"count": 2, "set_column": "set"})");
  REQUIRE(harness
              .push(batch({{"label", {"A", "A", "A", "A", "A", "A", "B", null, "A"}},
                           {"set", {"x", "x", "x", "y", "y", "y", "y", "y", null}}}))
              .ok());
  REQUIRE(harness.finish().ok());
  std::map<std::pair<std::string, std::string>, int> counts;
  const auto labels = harness.column<std::string>("label"),
             sets = harness.column<std::string>("set");
  for (std::size_t i = 0; i < labels.size(); ++i) ++counts[{sets[i], labels[i]}];
  CHECK(counts == std::map<std::pair<std::string, std::string>, int>{
                      {{"x", "A"}, 2}, {{"y", "A"}, 2}, {{"y", "B"}, 1}});
  CHECK(harness.counts().at("skippedRows") == 2);
  CHECK(harness.counts().at("leftOutRows") == 2);
}

TEST_CASE("names of sets and labels are told apart wherever they end", "[sample]") {
  auto harness = sampling(R"({"count": 1, "set_column": "set"})");
  REQUIRE(
      harness.push(batch({{"label", {"b", "ab", "", "1 b"}}, {"set", {"a", "", "ab", "1"}}})).ok());
  REQUIRE(harness.finish().ok());
  CHECK(harness.rows() == 4);
}

TEST_CASE("rows are divided into sets, each label by itself", "[sample]") {
  auto harness = sampling(R"({"sets": {"train": 8, "dev": 1, "test": 1}})");
  REQUIRE(harness.push(sample_numbers(0, 300)).ok());
  REQUIRE(harness.finish().ok());
  std::map<std::pair<std::string, std::string>, int> counts;
  const auto labels = harness.column<std::string>("label"),
             sets = harness.column<std::string>("set");
  for (std::size_t i = 0; i < labels.size(); ++i) ++counts[{sets[i], labels[i]}];
  CHECK(counts == std::map<std::pair<std::string, std::string>, int>{{{"train", "A"}, 160},
                                                                     {{"dev", "A"}, 20},
                                                                     {{"test", "A"}, 20},
                                                                     {{"train", "B"}, 80},
                                                                     {{"dev", "B"}, 10},
                                                                     {{"test", "B"}, 10}});
}

TEST_CASE("a sample goes on from a snapshot", "[sample]") {
  const std::string params = R"({"count": 20, "sets": {"train": 3, "test": 1}})";
  auto whole = sampling(params);
  REQUIRE(whole.push(sample_numbers(0, 500)).ok());
  REQUIRE(whole.push(sample_numbers(500, 500)).ok());
  REQUIRE(whole.finish().ok());
  auto broken = sampling(params);
  REQUIRE(broken.push(sample_numbers(0, 500)).ok());
  const auto state = broken.snapshot();
  REQUIRE(broken.push(sample_numbers(700, 100)).ok());  // what is behind the snapshot is forgotten
  REQUIRE(broken.restore(state, 1).ok());
  REQUIRE(broken.push(sample_numbers(500, 500)).ok());
  REQUIRE(broken.finish().ok());
  CHECK(broken.column<std::int64_t>("n") == whole.column<std::int64_t>("n"));
  CHECK(broken.column<std::string>("set") == whole.column<std::string>("set"));
  for (const char* odd : {"", "1", "1 2", "1 2 3 0 9 abc", "1 2 3 -1", "1 2 3 0 1 x41 7"}) {
    auto harness = sampling(params);
    CHECK_FALSE(harness.restore(odd).ok());
  }
}

TEST_CASE("shares and sets have bounds", "[sample]") {
  const auto faults_of = [](const std::string& params) { return sampling(params).faults().size(); };
  CHECK(faults_of(R"({"sets": {"train": 1}})") == 0);
  CHECK(faults_of(R"({"sets": {}})") == 1);
  CHECK(faults_of(R"({"sets": {"train": 0}})") == 1);
  CHECK(faults_of(R"({"sets": {"train": -1, "test": 1e10}})") == 2);
  CHECK(faults_of(R"({"sets": {"train": "1"}})") == 1);
  CHECK(faults_of(R"({"sets": {"train": 1}, "set_column": "label"})") == 1);
  std::string sets;
  for (int i = 0; i < 101; ++i) sets += (i > 0 ? ",\"" : "\"") + std::to_string(i) + "\": 1";
  CHECK(faults_of(R"({"sets": {)" + sets + "}}") == 1);
}

TEST_CASE("a sample is of a hundred thousand labels at the most", "[sample]") {
  auto harness = sampling(R"({"count": 1})");
  const auto labels = [](int first, int count) {
    Builder<std::string_view> column;
    for (int i = first; i < first + count; ++i) column.append(std::to_string(i));
    return Batch{}.with("label", std::move(column));
  };
  REQUIRE(harness.push(labels(0, 100'000)).ok());
  const auto status = harness.push(labels(100'000, 1));
  CHECK(status.code() == MR_EXHAUSTED);
  CHECK_THAT(status.message(), Catch::Contains("label_column"));
}

TEST_CASE("rows may have some of the columns only", "[sample]") {
  auto harness = sampling("{}");
  REQUIRE(harness.push(batch({{"label", {"A"}}})).ok());
  REQUIRE(harness.push(batch({{"n", {1}}, {"label", {"B"}}})).ok());
  CHECK(harness.push(batch({{"label", {"A"}}, {"n", {"text"}}})).code() == MR_DATA_INVALID);
  auto mixed = sampling("{}");
  REQUIRE(mixed.push(batch({{"label", {"A"}}})).ok());
  REQUIRE(mixed.push(batch({{"n", {1}}, {"label", {"B"}}})).ok());
  REQUIRE(mixed.finish().ok());
  const auto labels = mixed.column<std::string>("label");
  const auto numbers = mixed.optional_column<std::int64_t>("n");
  REQUIRE(labels.size() == 2);
  for (std::size_t i = 0; i < 2; ++i) CHECK(numbers[i].has_value() == (labels[i] == "B"));
}
