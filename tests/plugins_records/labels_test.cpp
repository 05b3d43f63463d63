#include "plugins/records/labels.hpp"

#include <catch2/catch.hpp>

using namespace millrace::records;

TEST_CASE("labels are read from the object shape", "[records][labels]") {
  const auto labels = read_labels(
      R"({"class":{"pulp":"sexy","t":"n\u0031"},"detect":{"general_d":{"bbox":[{"class":"dog","pts":[[10,20],[21.5,31],[-8e1,91]],)"
      R"("score":0.5},{"pts":[[0,0],[1,1]]}]},"empty":{"bbox":[]}},"facecluster":17})");
  REQUIRE(labels.classes.size() == 2);
  CHECK(labels.classes[0].name == "pulp");
  CHECK(labels.classes[0].value == "sexy");
  CHECK(labels.classes[1].value == "n1");
  REQUIRE(labels.detections.size() == 2);
  REQUIRE(labels.detections[0].boxes.size() == 2);
  CHECK(labels.detections[0].boxes[0].box_class == "dog");
  CHECK(labels.detections[0].boxes[0].points == Polygon{{10, 20}, {21.5, 31}, {-80, 91}});
  CHECK(labels.detections[0].boxes[1].box_class.empty());
  CHECK(labels.detections[1].boxes.empty());
  CHECK(labels.facecluster == "17");
}

TEST_CASE("labels are read from the array shape", "[records][labels]") {
  const auto labels = read_labels(
      R"([{"name":"pulp","type":"classification","version":"1","data":[{"class":"sexy","score":1},{"class":"other"}]},)"
      R"({"name":"d","type":"detection","data":[{"bbox":[[1,2],[3,4]],"class":"dog"}]},)"
      R"({"name":"f","type":"face","data":[{"cluster":{"id":5},"bbox":[[0,0],[1,1]]},{"cluster":{"id":"no"}}]},)"
      R"({"name":"none","type":"classification","data":[]},{"name":"?","type":"unknown"}])");
  REQUIRE(labels.classes.size() == 1);
  CHECK(labels.classes[0].value == "sexy");
  REQUIRE(labels.detections.size() == 1);
  CHECK(labels.detections[0].boxes[0].points == Polygon{{1, 2}, {3, 4}});
  CHECK(labels.facecluster == "5");
}

TEST_CASE("a label that is absent or empty holds nothing", "[records][labels]") {
  for (const std::string_view label : {"", "{}", "[]", "null"}) {
    const auto labels = read_labels(label);
    CHECK(labels.classes.empty());
    CHECK(labels.detections.empty());
    CHECK_FALSE(labels.facecluster);
  }
}
