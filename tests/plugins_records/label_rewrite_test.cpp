#include <limits>

#include <catch2/catch.hpp>

#include "plugins/records/labels.hpp"

using namespace millrace::records;

namespace {

// Mirrors left to right in a picture 100 pixels wide.
LabelChange flop() {
  LabelChange change;
  change.box = [](std::string_view, std::string_view, const Polygon& points) {
    Polygon mapped;
    for (const Point& point : points) mapped.push_back({100 - point.x, point.y});
    return BoxFate{true, mapped};
  };
  change.landmark = [](Point point) { return Point{100 - point.x, point.y}; };
  return change;
}

LabelChange drop(std::string_view gone) {
  LabelChange change;
  change.box = [gone](std::string_view, std::string_view box_class, const Polygon&) {
    return BoxFate{box_class != gone, {}};
  };
  return change;
}

std::string coordinate(double value) {
  std::string out;
  append_coordinate(out, value);
  return out;
}

}  // namespace

TEST_CASE("only the points of a label change", "[records][label_rewrite]") {
  CHECK(
      rewrite_label(
          R"({ "x":1e999, "class":{"a":"b"}, "detect": {"d":{"v":"2","bbox": [ {"score":0.250, "pts":[[10,20],[30,20],[30.5,40]], "class":"dog"} ]}}, "facecluster":"c"})",
          flop()) ==
      R"({ "x":1e999, "class":{"a":"b"}, "detect": {"d":{"v":"2","bbox": [ {"score":0.250, "pts":[[90,20],[70,20],[69.5,40]], "class":"dog"} ]}}, "facecluster":"c"})");
}

TEST_CASE("points that are to stay keep their bytes", "[records][label_rewrite]") {
  const std::string_view label =
      R"({"detect":{"d":{"bbox":[ {"pts":[[1.000,2],[3,4]],"class":"dog"} ]}}})";
  CHECK(rewrite_label(label, drop("cat")) == label);
  CHECK(rewrite_label(label, {}) == label);
}

TEST_CASE("dropped boxes leave the others and at last an empty list", "[records][label_rewrite]") {
  const std::string_view label =
      R"({"detect":{"d":{"bbox":[{"class":"dog","n":1},{"class":"cat"}, {"class":"dog","n":2}]},"e":{"bbox":[{"class":"dog"}]}}})";
  CHECK(rewrite_label(label, drop("dog")) ==
        R"({"detect":{"d":{"bbox":[{"class":"cat"}]},"e":{"bbox":[]}}})");
  CHECK(
      rewrite_label(label, drop("cat")) ==
      R"({"detect":{"d":{"bbox":[{"class":"dog","n":1},{"class":"dog","n":2}]},"e":{"bbox":[{"class":"dog"}]}}})");
}

TEST_CASE("the array shape is rewritten in place", "[records][label_rewrite]") {
  CHECK(
      rewrite_label(
          R"([{"name":"p","type":"classification","data":[{"class":"x","bbox":1}]},{"name":"d","type":"detection","data":[{"bbox":[[10,20],[30,40]],"class":"dog","score":1}]},)"
          R"({"name":"f","type":"face","data":[{"landmarks":[{"name":"nose","pt":[5,6]},{"name":"?"}],"bbox":[[0,0],[8,8]],"cluster":{"id":1}}]}])",
          flop()) ==
      R"([{"name":"p","type":"classification","data":[{"class":"x","bbox":1}]},{"name":"d","type":"detection","data":[{"bbox":[[90,20],[70,40]],"class":"dog","score":1}]},)"
      R"({"name":"f","type":"face","data":[{"landmarks":[{"name":"nose","pt":[95,6]},{"name":"?"}],"bbox":[[100,0],[92,8]],"cluster":{"id":1}}]}])");
}

TEST_CASE("a face that leaves the picture keeps its cluster", "[records][label_rewrite]") {
  LabelChange change;
  change.box = [](std::string_view, std::string_view, const Polygon&) {
    return BoxFate{false, {}};
  };
  const std::string rewritten = rewrite_label(
      R"([{"type":"face","data":[{"bbox":[[0,0],[1,1]],"cluster":{"id":"c1"},"landmarks":[]},{"bbox":[[0,0],[1,1]],"cluster":{"id":"c2"}}]}])",
      change);
  CHECK(rewritten == R"([{"type":"face","data":[{"cluster":{"id":"c1"}}]}])");
  CHECK(read_labels(rewritten).facecluster == "c1");
}

TEST_CASE("names are unescaped for the function", "[records][label_rewrite]") {
  std::string seen;
  LabelChange change;
  change.box = [&seen](std::string_view name, std::string_view box_class, const Polygon& points) {
    seen += std::string{name} + "/" + std::string{box_class} + "/" + std::to_string(points.size()) +
            " ";
    return BoxFate{};
  };
  rewrite_label(R"({"detect":{"\u0061":{"bbox":[{"class":"\u0062","pts":[[1,2],[3,4]]},{}]}}})",
                change);
  CHECK(seen == "a/b/2 a//0 ");
}

TEST_CASE("coordinates are integers or have two decimals at the most", "[records][label_rewrite]") {
  CHECK(coordinate(16) == "16");
  CHECK(coordinate(16.5) == "16.5");
  CHECK(coordinate(16.2049) == "16.2");
  CHECK(coordinate(15.999) == "16");
  CHECK(coordinate(-0.001) == "0");
  CHECK(coordinate(-7.25) == "-7.25");
  CHECK(coordinate(1e15) == "1000000000000000");
  CHECK(coordinate(std::numeric_limits<double>::infinity()) == "0");
  CHECK(coordinate(std::numeric_limits<double>::max()).size() == 309);
}
