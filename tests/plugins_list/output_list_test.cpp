#include <catch2/catch.hpp>

#include "fixture.hpp"

using namespace plugins_list;
using millrace::testing::batch;
using millrace::testing::null;
using millrace::testing::OperatorHarness;

namespace {

constexpr std::string_view kFile = "qiniu:///z0/out/list.jsonlist";

OperatorHarness output(std::string_view more = "", std::uint64_t seed = 0) {
  return harness("output.list",
                 R"({"prefix": "qiniu:///z0/out/p", "file": "qiniu:///z0/out/list.jsonlist")" +
                     std::string{more} + "}",
                 seed);
}

// Rows with these urls.
millrace::Batch records(std::vector<std::string> urls) {
  std::vector<millrace::testing::Cell> url, label, record;
  for (const auto& one : urls) {
    url.emplace_back(one);
    label.emplace_back(null);
    record.emplace_back(R"({"url":")" + one + "\"}");
  }
  return batch({{"url", url}, {"label", millrace::Type::Utf8, label}, {"record", record}});
}

std::string lines(std::initializer_list<std::string_view> urls) {
  std::string text;
  for (const auto url : urls) text += R"({"url":")" + std::string{url} + "\"}\n";
  return text;
}

}  // namespace

TEST_CASE("records are written as they are, with statistics", "[output][list]") {
  auto list = output();
  REQUIRE(list.push(rows_of(kPulp)).ok());
  REQUIRE(list.finish().ok());
  std::string expected{kPulp};
  const auto bad = expected.find(R"({"url": "http://any_url")");
  expected.erase(bad, expected.find('\n', bad) + 1 - bad);
  CHECK(list.staged(kFile) == expected);
  CHECK(list.counts().at("written") == 6);
  CHECK(
      list.results().at("targetFileStatistics") ==
      R"({"fileCount":6,"class":[{"name":"pulp","total":5,"count":{"normal":2,"pulp":1,"sexy":2}},{"name":"terror","total":1,"count":{"normal":1}}],)"
      R"("detect":[{"name":"general_d","total":3,"count":{"cat":1,"dog":2}}],)"
      R"("classification":[{"name":"pulp","total":5,"count":{"normal":2,"pulp":1,"sexy":2}},{"name":"terror","total":1,"count":{"normal":1}}],)"
      R"("detection":[{"name":"general_d","total":3,"count":{"cat":1,"dog":2}}],"facecluster":{"total":4,"faceMax":3,"faceMin":1}})");
  CHECK(list.rows() == 0);
}

TEST_CASE("no records make an empty file", "[output][list]") {
  auto list = output();
  REQUIRE(list.finish().ok());
  CHECK(list.staged(kFile) == "");
  CHECK_THAT(list.results().at("targetFileStatistics"), Catch::Contains(R"("fileCount":0)"));
  auto shuffled = output(R"(, "shuffle": true)");
  REQUIRE(shuffled.finish().ok());
  CHECK(shuffled.staged(kFile) == "");
}

TEST_CASE("unique leaves out later records of an address", "[output][list]") {
  auto list = output(R"(, "unique": true)");
  REQUIRE(list.push(records({"a", "b", "a"})).ok());
  REQUIRE(list.push(records({"b", "c"})).ok());
  REQUIRE(list.finish().ok());
  CHECK(list.staged(kFile) == lines({"a", "b", "c"}));
  CHECK(list.counts().at("written") == 3);
  CHECK_THAT(list.results().at("targetFileStatistics"), Catch::Contains(R"("fileCount":3)"));
  auto all = output();
  REQUIRE(all.push(records({"a", "a"})).ok());
  REQUIRE(all.finish().ok());
  CHECK(all.staged(kFile) == lines({"a", "a"}));
}

TEST_CASE("shuffle gives the documented order for a seed", "[output][list]") {
  auto list = output(R"(, "shuffle": true)");
  REQUIRE(list.push(records({"r0", "r1"})).ok());
  REQUIRE(list.push(records({"r2", "r3", "r4", "r5"})).ok());
  REQUIRE(list.finish().ok());
  CHECK(list.staged(kFile) == lines({"r5", "r1", "r4", "r3", "r2", "r0"}));
  auto other = output(R"(, "shuffle": true)", 1);
  REQUIRE(other.push(records({"r0", "r1", "r2", "r3", "r4", "r5"})).ok());
  REQUIRE(other.finish().ok());
  CHECK(other.staged(kFile)->size() == list.staged(kFile)->size());
  CHECK(other.staged(kFile) != list.staged(kFile));
}

TEST_CASE("places for the shuffle are counted after doubles were left out", "[output][list]") {
  auto list = output(R"(, "shuffle": true, "unique": true)");
  REQUIRE(list.push(records({"r0", "r0", "r1", "r0", "r2", "r3", "r4", "r5"})).ok());
  REQUIRE(list.finish().ok());
  CHECK(list.staged(kFile) == lines({"r5", "r1", "r4", "r3", "r2", "r0"}));
}

TEST_CASE("a row without record is not written", "[output][list]") {
  auto list = output();
  REQUIRE(list.push(batch({{"url", {"a", "b"}},
                           {"label", millrace::Type::Utf8, {null, null}},
                           {"record", {null, "{\"url\":\"b\"}"}}}))
              .ok());
  REQUIRE(list.finish().ok());
  CHECK(list.staged(kFile) == lines({"b"}));
}

TEST_CASE("an output that is restored goes on behind its checkpoint", "[output][list]") {
  auto list = output(R"(, "unique": true)");
  REQUIRE(list.push(records({"a", "b"})).ok());
  const std::string state = list.snapshot();
  REQUIRE(list.push(records({"lost", "too"})).ok());
  REQUIRE(list.restore(state, 1).ok());
  REQUIRE(list.push(records({"b", "lost", "c"})).ok());
  REQUIRE(list.finish().ok());
  CHECK(list.staged(kFile) == lines({"a", "b", "lost", "c"}));
  CHECK_THAT(list.results().at("targetFileStatistics"), Catch::Contains(R"("fileCount":4)"));
}

TEST_CASE("an attempt without checkpoint begins the file anew", "[output][list]") {
  auto list = output();
  const std::string nothing = list.snapshot();
  REQUIRE(list.push(records({"a", "b"})).ok());
  REQUIRE(list.restore(nothing, 0).ok());
  REQUIRE(list.push(records({"c"})).ok());
  REQUIRE(list.finish().ok());
  CHECK(list.staged(kFile) == lines({"c"}));
}

TEST_CASE("a state that is none is refused", "[output][list]") {
  for (
      const std::string_view state :
      {"", "{}", R"({"size":0,"statistics":{},"seen":""})",
       R"({"size":99,"statistics":{"files":0,"class":{},"detect":{},"facecluster":{}},"seen":""})",
       R"({"size":0,"statistics":{"files":0,"class":{},"detect":{},"facecluster":{}},"seen":"zz"})"}) {
    INFO(state);
    CHECK(output().restore(state, 0).code() == MR_DATA_INVALID);
  }
}

TEST_CASE("a shuffled list that is restored is the same list", "[output][list]") {
  auto list = output(R"(, "shuffle": true)");
  REQUIRE(list.push(records({"r0", "r1"})).ok());
  const std::string state = list.snapshot();
  REQUIRE(list.push(records({"lost"})).ok());
  REQUIRE(list.restore(state, 1).ok());
  REQUIRE(list.push(records({"r2", "r3", "r4", "r5"})).ok());
  REQUIRE(list.finish().ok());
  CHECK(list.staged(kFile) == lines({"r5", "r1", "r4", "r3", "r2", "r0"}));
}

TEST_CASE("a shuffled list of any size has a small state to resume from", "[output][list]") {
  auto list = output(R"(, "shuffle": true)");
  const std::string large(std::size_t{40} << 20, 'u');  // more than the memory for lines that wait
  REQUIRE(list.push(records({"r0", large})).ok());
  const std::string state = list.snapshot();
  CHECK(state.size() < 1000);
  REQUIRE(list.push(records({"lost"})).ok());
  REQUIRE(list.restore(state, 1).ok());
  REQUIRE(list.push(records({"r2"})).ok());
  REQUIRE(list.finish().ok());
  CHECK(list.staged(kFile)->size() == lines({"r0", large, "r2"}).size());
  CHECK(list.staged(kFile)->find("lost") == std::string::npos);
  CHECK(list.staged_uris() ==
        std::vector<std::string>{std::string{kFile}});  // scratch is no output
}

TEST_CASE("a bad address is a fault", "[output][list]") {
  CHECK_FALSE(harness("output.list", R"({"prefix": "http://h/x", "file": "qiniu:///z0/out/l"})")
                  .faults()
                  .empty());
  CHECK_FALSE(harness("output.list", R"({"prefix": "qiniu:///z0/out"})").faults().empty());
}
