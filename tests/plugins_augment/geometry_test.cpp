#include "plugins/augment/geometry.hpp"

#include <cmath>
#include <limits>

#include <catch2/catch.hpp>

#include "tests/plugins_augment/pictures.hpp"

using namespace millrace::augment;

namespace {

const PointMap kStay = [](Point point) { return point; };

PointMap shifted(double x, double y) {
  return [=](Point point) { return Point{point.x + x, point.y + y}; };
}

const Polygon kSquare{{10, 10}, {20, 10}, {20, 20}, {10, 20}};

}  // namespace

TEST_CASE("areas are those of the polygon whatever way round", "[augment][geometry]") {
  CHECK(area(kSquare) == 100);
  CHECK(area({{10, 10}, {10, 20}, {20, 20}, {20, 10}}) == 100);
  CHECK(area({{0, 0}, {4, 0}, {0, 3}}) == 6);
  CHECK(area({{0, 0}, {4, 4}}) == 0);
  CHECK(area({}) == 0);
}

TEST_CASE("a polygon that lies inside keeps its points, their order and their number",
          "[augment][geometry]") {
  CHECK(moved(kSquare, kStay, {30, 30}, 0.1) == kSquare);
  // Three points on one line have no area; the box lies inside and stays.
  const Polygon thin{{10, 20}, {21, 31}, {81, 91}};
  CHECK(moved(thin, kStay, {100, 100}, 0.1) == thin);
  CHECK(moved(kSquare, kStay, {20, 20}, 0.1) == kSquare);  // touching is not leaving
}

TEST_CASE("a polygon that leaves the picture is clipped by the rule of Sutherland and Hodgman",
          "[augment][geometry]") {
  CHECK(moved(kSquare, shifted(-15, 0), {30, 30}, 0.1) ==
        Polygon{{0, 10}, {5, 10}, {5, 20}, {0, 20}});
  const auto corner = moved({{-5, -5}, {5, -5}, {5, 5}, {-5, 5}}, kStay, {30, 30}, 0.1);
  REQUIRE(corner);
  CHECK(area(*corner) == 25);
  // A diamond around a corner point of the picture leaves a triangle or more.
  const auto diamond = moved({{0, -10}, {10, 0}, {0, 10}, {-10, 0}}, kStay, {30, 30}, 0.1);
  REQUIRE(diamond);
  CHECK(area(*diamond) == Approx(50));
}

TEST_CASE("a clipped box of which too little is left goes", "[augment][geometry]") {
  CHECK_FALSE(moved(kSquare, shifted(-100, 0), {30, 30}, 0.1));
  CHECK_FALSE(moved(kSquare, shifted(-19.2, 0), {30, 30}, 0.1));  // 8 of 100
  CHECK(moved(kSquare, shifted(-18.9, 0), {30, 30}, 0.1));        // 11 of 100
  CHECK(moved(kSquare, shifted(-19.2, 0), {30, 30}, 0.05));
  CHECK_FALSE(moved(kSquare, shifted(-19.95, 0), {30, 30}, 0));  // less than one square pixel
}

TEST_CASE("two points are opposite corners and stay two", "[augment][geometry]") {
  const Polygon box{{20, 30}, {10, 10}};
  CHECK(moved(box, kStay, {50, 50}, 0.1) == Polygon{{10, 10}, {20, 30}});
  CHECK(moved(box, shifted(-15, 0), {50, 50}, 0.1) == Polygon{{0, 10}, {5, 30}});
  const PointMap quarter = [](Point p) { return Point{50 - p.y, p.x}; };
  CHECK(moved(box, quarter, {50, 50}, 0.1) == Polygon{{20, 10}, {40, 20}});
}

TEST_CASE("a box of two points that is turned twice is as large as it was", "[augment][geometry]") {
  const double half = std::sqrt(0.5);
  const PointMap eighth = [half](Point p) {
    const double x = p.x - 25, y = p.y - 25;
    return Point{25 + half * (x - y), 25 + half * (x + y)};
  };
  std::vector<DroppedBox> dropped;
  const std::string label = R"({"detect":{"d":{"bbox":[{"class":"a","pts":[[24,24],[26,26]]}]}}})";
  CHECK(move_label(label, {{"rotate", eighth, {50, 50}}, {"rotate", eighth, {50, 50}}}, {},
                   dropped) == label);
  CHECK(move_label(label, {{"rotate", eighth, {50, 50}}}, {}, dropped) ==
        R"({"detect":{"d":{"bbox":[{"class":"a","pts":[[23.59,23.59],[26.41,26.41]]}]}}})");
  CHECK(dropped.empty());
}

TEST_CASE("a polygon that crosses itself has the area that it winds around",
          "[augment][geometry]") {
  const Polygon bow{{0, 0}, {10, 10}, {10, 0}, {0, 10}};
  CHECK(area(bow) == Approx(50).epsilon(0.01));
  // A star of five points, drawn in one line: its middle is wound around twice and counts once.
  const Polygon star{{50, 0}, {79.39, 90.45}, {2.45, 34.55}, {97.55, 34.55}, {20.61, 90.45}};
  CHECK(area(star) == Approx(2806).epsilon(0.01));
  // Half of it stays.
  const auto kept = moved(bow, shifted(-5, 0), {30, 30}, 0.1);
  REQUIRE(kept);
  CHECK(area(*kept) == Approx(25).epsilon(0.02));
  CHECK_FALSE(moved(bow, shifted(-9.9, 0), {30, 30}, 0.1));
}

TEST_CASE("rounding at the edge of the picture is not leaving it", "[augment][geometry]") {
  const Polygon edge{{-1e-9, 0}, {30 + 1e-9, 0}, {30, 30}, {0, 30}};
  const auto kept = moved(edge, kStay, {30, 30}, 0.1);
  REQUIRE(kept);
  CHECK(kept->size() == 4);
}

TEST_CASE("coordinates beyond all numbers drop the box and never make one", "[augment][geometry]") {
  const double infinite = std::numeric_limits<double>::infinity();
  CHECK_FALSE(moved({{0, 0}, {infinite, 0}, {infinite, infinite}}, kStay, {30, 30}, 0.1));
  CHECK_FALSE(moved({{0, 0}, {std::nan(""), 0}, {3, 4}}, kStay, {30, 30}, 0.1));
  CHECK_FALSE(moved({{0, 0}, {1e308, 0}, {1e308, 1e308}, {-1e308, 5}}, kStay, {30, 30}, 0.1));
}

TEST_CASE("labels follow a chain step by step, and what is no box keeps its bytes",
          "[augment][geometry]") {
  const std::vector<Movement> chain{{"flip",
                                     [](Point p) {
                                       return Point{p.x, 60 - p.y};
                                     },
                                     {100, 60}},
                                    {"crop", shifted(-50, 0), {50, 60}}};
  std::vector<DroppedBox> dropped;
  const std::string label =
      R"({ "class":{"pulp":"sexy"}, "detect":{"general_d":{"note":1e3,"bbox":[)"
      R"({"class":"cat","pts":[[0,0],[50,0],[50,30],[0,30]],"score":0.50},)"
      R"({"class":"dog","pts":[[60,10],[90,10],[90,50],[60,50]]}]}},"facecluster":"c1"})";
  CHECK(move_label(label, chain, {}, dropped) ==
        R"({ "class":{"pulp":"sexy"}, "detect":{"general_d":{"note":1e3,"bbox":[)"
        R"({"class":"dog","pts":[[10,50],[40,50],[40,10],[10,10]]}]}},"facecluster":"c1"})");
  REQUIRE(dropped.size() == 1);
  CHECK(dropped[0].label == "general_d");
  CHECK(dropped[0].box_class == "cat");
  CHECK(dropped[0].op == "crop");
}

TEST_CASE("a detection whose boxes all went stays with an empty list", "[augment][geometry]") {
  std::vector<DroppedBox> dropped;
  CHECK(move_label(R"({"detect":{"d":{"bbox":[{"class":"a","pts":[[1,1],[2,2]]}]}}})",
                   {{"crop", shifted(-50, 0), {50, 60}}}, {},
                   dropped) == R"({"detect":{"d":{"bbox":[]}}})");
  CHECK(dropped.size() == 1);
}

TEST_CASE("without movements a label keeps every byte", "[augment][geometry]") {
  std::vector<DroppedBox> dropped;
  const std::string label =
      R"({"detect":{"d":{"bbox":[{"class":"a","pts":[[1.00001,1],[200,2]]}]}}})";
  CHECK(move_label(label, {}, {}, dropped) == label);
  CHECK(move_label("", {{"flip", kStay, {1, 1}}}, {}, dropped).empty());
}

TEST_CASE("coordinates are written as integers or with two decimals", "[augment][geometry]") {
  std::vector<DroppedBox> dropped;
  CHECK(move_label(R"({"detect":{"d":{"bbox":[{"class":"a","pts":[[1,1],[4,1],[4,5]]}]}}})",
                   {{"x", shifted(0.333333, 0), {50, 60}}}, {}, dropped) ==
        R"({"detect":{"d":{"bbox":[{"class":"a","pts":[[1.33,1],[4.33,1],[4.33,5]]}]}}})");
}

TEST_CASE("upright mode replaces a moved box by its bounding rectangle", "[augment][geometry]") {
  std::vector<DroppedBox> dropped;
  CHECK(move_label(
            R"({"detect":{"d":{"bbox":[{"class":"a","pts":[[10,0],[20,10],[10,20],[0,10]]}]}}})",
            {{"x", shifted(1, 1), {50, 60}}}, {.is_upright = true}, dropped) ==
        R"({"detect":{"d":{"bbox":[{"class":"a","pts":[[1,1],[21,1],[21,21],[1,21]]}]}}})");
}

TEST_CASE("the array shape of labels is moved in place, landmarks too", "[augment][geometry]") {
  std::vector<DroppedBox> dropped;
  const std::string label =
      R"([{"name":"f","type":"face","data":[{"bbox":[[10,10],[20,10],[20,20],[10,20]],"landmarks":[{"pt":[12,13]}]}]}])";
  CHECK(
      move_label(label, {{"x", shifted(5, 0), {50, 60}}}, {}, dropped) ==
      R"([{"name":"f","type":"face","data":[{"bbox":[[15,10],[25,10],[25,20],[15,20]],"landmarks":[{"pt":[17,13]}]}]}])");
}
