#include <catch2/catch.hpp>

#include "fixture.hpp"

using namespace plugins_list;
using millrace::testing::batch;
using millrace::testing::null;
using Strings = std::vector<std::string>;

namespace {

// Names of the pictures (a to f) that pass.
std::string passed(std::string_view params) {
  auto filter = harness("filter.label", params, 0, "f");
  REQUIRE(filter.faults().empty());
  REQUIRE(filter.push(rows_of(kPulp)).ok());
  REQUIRE(filter.finish().ok());
  std::string names;
  for (const auto& url : filter.column<std::string>("url"))
    names += url.substr(url.rfind('/') + 1, 1);
  return names;
}

}  // namespace

TEST_CASE("the filter keeps records with a wanted value", "[filter][label]") {
  CHECK(passed(R"({"label": "class.pulp", "values": ["sexy", "pulp"]})") == "bce");
  CHECK(passed(R"({"label": "label.class.pulp", "values": ["sexy"]})") == "be");
  CHECK(passed(R"({"label": "detect.general_d", "values": ["cat"]})") == "b");
  CHECK(passed(R"({"label": "detect.general_d", "values": ["dog", "nothing"]})") == "ab");
  CHECK(passed(R"({"label": "facecluster", "values": ["c1"]})") == "abe");
  CHECK(passed(R"({"label": "class.nothing", "values": ["x"]})").empty());
  CHECK(passed(R"({"label": "class.pulp", "values": ["Sexy", "sex", "sexy "]})").empty());
  CHECK(passed(R"({"label": "class.pulp", "values": ["*"]})") == "abcde");
}

TEST_CASE("invert keeps exactly what would be dropped", "[filter][label]") {
  CHECK(passed(R"({"label": "class.pulp", "values": ["sexy", "pulp"], "invert": true})") == "adf");
  CHECK(passed(R"({"label": "facecluster", "values": ["*"], "invert": true})") == "df");
}

TEST_CASE("trim removes the other boxes from label and record", "[filter][label]") {
  auto filter =
      harness("filter.label", R"({"label": "detect.general_d", "values": ["cat"], "trim": true})");
  REQUIRE(filter.push(rows_of(kPulp)).ok());
  CHECK(
      filter.column<std::string>("label") ==
      Strings{
          R"({"class":{"pulp":"sexy"},"detect":{"general_d":{"bbox":[{"class":"cat","pts":[[0,0],[50,0],[50,30],[0,30]]}]}},"facecluster":"c1"})"});
  CHECK(
      filter.column<std::string>("record") ==
      Strings{
          R"({"url":"qiniu:///z0/in/img/b.png","type":"image","label":{"class":{"pulp":"sexy"},"detect":{"general_d":{"bbox":[{"class":"cat","pts":[[0,0],[50,0],[50,30],[0,30]]}]}},"facecluster":"c1"}})"});
}

TEST_CASE("without trim kept records are unchanged but for their identity", "[filter][label]") {
  auto filter =
      harness("filter.label", R"({"label": "class.pulp", "values": ["sexy"]})", 0, "keep");
  REQUIRE(filter.push(rows_of(kPulp)).ok());
  CHECK(filter.column<std::string>("identity") ==
        Strings{"qiniu:///z0/in/img/b.png#source:2#keep:0",
                "qiniu:///z0/in/img/e.png#source:6#keep:0"});
  CHECK(
      filter.column<std::string>("record")[1] ==
      R"({"url":"qiniu:///z0/in/img/e.png","type":"image","x-note":"keep me","label":{"class":{"pulp":"sexy"},"facecluster":"c1"}})");
}

TEST_CASE("rows without label are dropped, sliced and empty batches pass", "[filter][label]") {
  auto filter = harness("filter.label", R"({"label": "class.p", "values": ["y"]})");
  const auto rows =
      batch({{"label",
              {R"({"class":{"p":"y"}})", null, R"({"class":{"p":"n"}})", R"({"class":{"p":"y"}})"}},
             {"n", {1, 2, 3, 4}}});
  REQUIRE(filter.push(rows.slice(1, 3)).ok());
  CHECK(filter.column<std::int64_t>("n") == std::vector<std::int64_t>{4});
  filter.clear();
  REQUIRE(filter.push(rows.slice(0, 0)).ok());
  CHECK(filter.rows() == 0);
}

TEST_CASE("a bad label path is a fault with its place", "[filter][label]") {
  const auto filter = harness("filter.label", R"({"label": "pulp", "values": ["x"]})");
  REQUIRE(filter.faults().size() == 1);
  CHECK(filter.faults()[0].kind == "label_path");
  CHECK(filter.faults()[0].pointer == "/label");
  CHECK_FALSE(harness("filter.label", R"({"label": "class.p", "values": []})").faults().empty());
  CHECK_FALSE(harness("filter.label", R"({"label": "class.p", "values": [""]})").faults().empty());
  CHECK_FALSE(harness("filter.label", R"({"label": "class.p"})").faults().empty());
}
