#include "plugins/records/statistics.hpp"

#include <catch2/catch.hpp>

using millrace::records::Statistics;

namespace {

// The good records of the document's example list.
Statistics fixture() {
  Statistics statistics;
  statistics.add(
      R"({"class":{"pulp":"normal","terror":"normal"},"detect":{"general_d":{"bbox":[{"class":"dog","pts":[[10,20],[30,20]]}]}},"facecluster":"c1"})");
  statistics.add(
      R"({"class":{"pulp":"sexy"},"detect":{"general_d":{"bbox":[{"class":"cat"},{"class":"dog"}]}},"facecluster":"c1"})");
  statistics.add(R"({"class":{"pulp":"pulp"},"facecluster":"c2"})");
  statistics.add(R"({"class":{"pulp":"normal"}})");
  statistics.add(R"({"class":{"pulp":"sexy"},"facecluster":"c1"})");
  statistics.add("");
  return statistics;
}

constexpr auto kFixture =
    R"({"fileCount":6,"class":[{"name":"pulp","total":5,"count":{"normal":2,"pulp":1,"sexy":2}},{"name":"terror","total":1,"count":{"normal":1}}],)"
    R"("detect":[{"name":"general_d","total":3,"count":{"cat":1,"dog":2}}],)"
    R"("classification":[{"name":"pulp","total":5,"count":{"normal":2,"pulp":1,"sexy":2}},{"name":"terror","total":1,"count":{"normal":1}}],)"
    R"("detection":[{"name":"general_d","total":3,"count":{"cat":1,"dog":2}}],"facecluster":{"total":4,"faceMax":3,"faceMin":1}})";

}  // namespace

TEST_CASE("statistics of the documented list", "[records][statistics]") {
  CHECK(fixture().json() == kFixture);
}

TEST_CASE("statistics of nothing are zeros", "[records][statistics]") {
  CHECK(
      Statistics{}.json() ==
      R"({"fileCount":0,"class":[],"detect":[],"classification":[],"detection":[],"facecluster":{"total":0,"faceMax":0,"faceMin":0}})");
  CHECK(
      Statistics{}.json(false) ==
      R"({"fileCount":0,"class":[],"detect":[],"facecluster":{"total":0,"faceMax":0,"faceMin":0}})");
}

TEST_CASE("a label without boxes is listed, a box without class counts under the empty name",
          "[records][statistics]") {
  Statistics statistics;
  statistics.add(R"({"detect":{"b":{"bbox":[]},"a":{"bbox":[{}]}}})");
  CHECK(
      statistics.json(false) ==
      R"({"fileCount":1,"class":[],"detect":[{"name":"a","total":1,"count":{"":1}},{"name":"b","total":0,"count":{}}],"facecluster":{"total":0,"faceMax":0,"faceMin":0}})");
}

TEST_CASE("statistics survive a snapshot", "[records][statistics]") {
  Statistics restored;
  REQUIRE(restored.restore(fixture().snapshot()));
  CHECK(restored.json() == kFixture);
  CHECK(restored.snapshot() == fixture().snapshot());
  Statistics odd;
  odd.add(R"({"class":{"a\"\n":"人"},"detect":{"":{"bbox":[]}}})");
  REQUIRE(restored.restore(odd.snapshot()));
  CHECK(restored.json() == odd.json());
}

TEST_CASE("a snapshot that is none leaves the statistics alone", "[records][statistics]") {
  Statistics statistics = fixture();
  for (const std::string_view text :
       {"", "{}", "null", R"({"files":-1,"class":{},"detect":{},"facecluster":{}})",
        R"({"files":1,"class":{"a":3},"detect":{},"facecluster":{}})",
        R"({"files":1,"class":{},"detect":{},"facecluster":{"a":"b"}})"}) {
    INFO(text);
    CHECK_FALSE(statistics.restore(text));
  }
  CHECK(statistics.json() == kFixture);
}

TEST_CASE("parts of a list add up to the whole", "[records][statistics]") {
  Statistics merged = fixture();
  merged.merge(fixture());
  CHECK(merged.file_count() == 12);
  CHECK(merged.json().find(R"("facecluster":{"total":8,"faceMax":6,"faceMin":2})") !=
        std::string::npos);
  Statistics empty;
  empty.merge(fixture());
  CHECK(empty.json() == kFixture);
}
