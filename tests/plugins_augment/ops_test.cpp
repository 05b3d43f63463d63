#include <cmath>

#include <catch2/catch.hpp>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>

#include "tests/plugins_augment/pictures.hpp"

using namespace millrace::augment;
using namespace millrace::augment::testing;

namespace {

// Centre of gravity of the light, in edge coordinates.
Point centre_of_light(const cv::Mat& picture) {
  double sum = 0, x = 0, y = 0;
  for (int row = 0; row < picture.rows; ++row) {
    for (int column = 0; column < picture.cols; ++column) {
      const double light = picture.at<uchar>(row, column);
      sum += light;
      x += light * (column + 0.5);
      y += light * (row + 0.5);
    }
  }
  return {x / sum, y / sum};
}

Point centre_of(const Polygon& polygon) {
  double twice = 0, x = 0, y = 0;
  for (std::size_t i = 0; i < polygon.size(); ++i) {
    const auto& a = polygon[i];
    const auto& b = polygon[(i + 1) % polygon.size()];
    const double cross = a.x * b.y - b.x * a.y;
    twice += cross;
    x += (a.x + b.x) * cross;
    y += (a.y + b.y) * cross;
  }
  return {x / (3 * twice), y / (3 * twice)};
}

double value_at(const cv::Mat& picture, int x, int y) { return picture.at<uchar>(y, x); }

}  // namespace

TEST_CASE("boxes stay on what they were drawn around", "[augment][ops][geometry]") {
  // A slip of half a pixel passes every test that looks at boxes alone.
  const cv::Size size{101, 64};
  const cv::Rect2d box{30, 18, 33, 22};
  const Polygon corners{{30, 18}, {63, 18}, {63, 40}, {30, 40}};
  const auto picture = painted_box(size, box);
  for (const auto* text : {"flip",
                           "flop",
                           "transpose",
                           "transverse",
                           "rotate/90",
                           "rotate/180",
                           "rotate/270",
                           "rotate/-90",
                           "rotate/360",
                           "rotate/17.5",
                           "rotate/-33",
                           "rotate/211.25",
                           "rotate/12/expand:0",
                           "rotate/90/expand:0",
                           "rotate/180/expand:0",
                           "resize/50p",
                           "resize/217p",
                           "resize/37x91!",
                           "resize/230x140!",
                           "resize/50p/interp:linear",
                           "resize/150p/interp:cubic",
                           "resize/150p/interp:nearest",
                           "resize/50p/interp:nearest",
                           "resize/150p/interp:lanczos",
                           "resize/150p/interp:area",
                           "crop/80x50/x:10/y:5",
                           "crop/90x60/gravity:Center",
                           "crop/90x60/gravity:SouthEast"}) {
    INFO(text);
    const auto out = applied(text, picture);
    CHECK(out.size() == result_of(text, size));
    Polygon moved;
    for (const auto& corner : corners) moved.push_back(moved_point(text, size, corner));
    const auto wanted = centre_of(moved), seen = centre_of_light(out);
    // Nearest neighbours move whole pixels: half a pixel at an edge is theirs.
    const double tolerance =
        std::string_view{text}.find("nearest") == std::string_view::npos ? 0.05 : 0.35;
    CHECK(seen.x == Approx(wanted.x).margin(tolerance));
    CHECK(seen.y == Approx(wanted.y).margin(tolerance));
  }
}

TEST_CASE("flip mirrors top and bottom, flop left and right, rotation is clockwise",
          "[augment][ops]") {
  cv::Mat picture{4, 6, CV_8UC1, cv::Scalar{0}};
  picture.at<uchar>(0, 0) = 255;
  CHECK(value_at(applied("flip", picture), 0, 3) == 255);
  CHECK(value_at(applied("flop", picture), 5, 0) == 255);
  CHECK(value_at(applied("rotate/90", picture), 3, 0) == 255);
  CHECK(value_at(applied("rotate/270", picture), 0, 5) == 255);
  CHECK(value_at(applied("transverse", picture), 3, 5) == 255);
  // A point right of the centre goes down.
  const auto down = moved_point("rotate/30", {100, 100}, {100, 50});
  const auto centre = moved_point("rotate/30", {100, 100}, {50, 50});
  CHECK(down.y - centre.y == Approx(25));
}

TEST_CASE("multiples of 90 degrees are exact and as turned", "[augment][ops]") {
  const auto picture = scene({30, 20});
  CHECK(largest_difference(applied("rotate/90", picture), [&] {
          cv::Mat out;
          cv::rotate(picture, out, cv::ROTATE_90_CLOCKWISE);
          return out;
        }()) == 0);
  for (const auto& [left, right] :
       {std::pair{"rotate/-90", "rotate/270"}, std::pair{"rotate/-180", "rotate/180/expand:0"},
        std::pair{"rotate/-360", "rotate/0"}, std::pair{"rotate/-270", "rotate/90"}}) {
    CHECK(largest_difference(applied(left, picture), applied(right, picture)) == 0);
  }
  CHECK(largest_difference(applied("rotate/0", picture), picture) == 0);
  CHECK(result_of("rotate/90/expand:0", {30, 20}) == cv::Size{30, 20});
  CHECK(recipe("rotate/90").spec->turn(recipe("rotate/90").step({30, 20})) == Turn::Rotate90);
  CHECK_FALSE(recipe("rotate/90/expand:0").spec->turn(recipe("rotate/90/expand:0").step({30, 20})));
  CHECK(recipe("rotate/180/expand:0").spec->turn(recipe("rotate/180/expand:0").step({30, 20})) ==
        Turn::Rotate180);
  CHECK_FALSE(recipe("rotate/45").spec->turn(recipe("rotate/45").step({30, 20})));
}

TEST_CASE("the canvas of a rotation grows to hold the picture and no further", "[augment][ops]") {
  CHECK(result_of("rotate/30", {100, 60}) == cv::Size{117, 102});
  CHECK(result_of("rotate/45", {100, 100}) == cv::Size{142, 142});
  CHECK(result_of("rotate/0.0001", {100, 60}) == cv::Size{101, 61});
  CHECK(result_of("rotate/30/expand:0", {100, 60}) == cv::Size{100, 60});
}

TEST_CASE("what a rotation uncovers is painted as asked", "[augment][ops]") {
  const cv::Mat grey{40, 40, CV_8UC1, cv::Scalar{100}};
  CHECK(value_at(applied("rotate/45", grey), 0, 0) == 0);
  CHECK(value_at(applied("rotate/45/fill:#aaaaaa", grey), 0, 0) == 0xaa);
  CHECK(applied("rotate/45/fill:#aaaaaa", grey).channels() == 1);
  for (const auto* text :
       {"rotate/45/fill:edge", "rotate/45/fill:reflect", "rotate/45/fill:wrap"}) {
    INFO(text);
    CHECK(largest_difference(applied(text, grey), cv::Mat{57, 57, CV_8UC1, cv::Scalar{100}}) == 0);
  }
  // A colour needs colours.
  const auto coloured = applied("rotate/45/fill:#ff8001", grey);
  REQUIRE(coloured.type() == CV_8UC3);
  CHECK(coloured.at<cv::Vec3b>(0, 0) == cv::Vec3b(0x01, 0x80, 0xff));
  CHECK(coloured.at<cv::Vec3b>(28, 28) == cv::Vec3b(100, 100, 100));
  // Uncovered ground is opaque.
  const cv::Mat clear{40, 40, CV_8UC4, cv::Scalar(1, 2, 3, 4)};
  const auto turned = applied("rotate/45/fill:#ff8001", clear);
  CHECK(turned.at<cv::Vec4b>(0, 0) == cv::Vec4b(0x01, 0x80, 0xff, 255));
  CHECK(turned.at<cv::Vec4b>(28, 28) == cv::Vec4b(1, 2, 3, 4));
}

TEST_CASE("resize finds its sides", "[augment][ops]") {
  const cv::Size size{100, 60};
  CHECK(result_of("resize/50x50", size) == cv::Size{50, 30});
  CHECK(result_of("resize/500x30", size) == cv::Size{50, 30});
  CHECK(result_of("resize/200x200", size) == cv::Size{200, 120});
  CHECK(result_of("resize/50x50!", size) == cv::Size{50, 50});
  CHECK(result_of("resize/33x", size) == cv::Size{33, 20});
  CHECK(result_of("resize/x33", size) == cv::Size{55, 33});
  CHECK(result_of("resize/50p", size) == cv::Size{50, 30});
  CHECK(result_of("resize/12.5p", size) == cv::Size{13, 8});
  CHECK(result_of("resize/1p", {10, 10}) == cv::Size{1, 1});
  CHECK(result_of("resize/30000x1", {1, 10}) == cv::Size{1, 1});
}

TEST_CASE("resize takes area for shrinking and linear for growing, unless it is told",
          "[augment][ops]") {
  const auto picture = scene({64, 48});
  const auto by = [&](cv::Size size, int interpolation) {
    cv::Mat out;
    cv::resize(picture, out, size, 0, 0, interpolation);
    return out;
  };
  CHECK(largest_difference(applied("resize/50p", picture), by({32, 24}, cv::INTER_AREA)) == 0);
  CHECK(largest_difference(applied("resize/200p", picture), by({128, 96}, cv::INTER_LINEAR)) == 0);
  CHECK(largest_difference(applied("resize/50p/interp:cubic", picture),
                           by({32, 24}, cv::INTER_CUBIC)) == 0);
  CHECK(largest_difference(applied("resize/50p/interp:nearest", picture),
                           by({32, 24}, cv::INTER_NEAREST_EXACT)) == 0);
  CHECK(largest_difference(applied("resize/50p/interp:lanczos", picture),
                           by({32, 24}, cv::INTER_LANCZOS4)) == 0);
}

TEST_CASE("crop lies where gravity and offsets put it", "[augment][ops]") {
  const auto picture = scene({11, 9});
  const auto check = [&](std::string_view text, cv::Rect wanted) {
    INFO(text);
    CHECK(largest_difference(applied(text, picture), picture(wanted).clone()) == 0);
    const auto corner = moved_point(text, picture.size(), {0, 0});
    CHECK(corner == Point{double(-wanted.x), double(-wanted.y)});
  };
  check("crop/4x3", {0, 0, 4, 3});
  check("crop/4x3/x:2/y:1", {2, 1, 4, 3});
  check("crop/4x3/gravity:North", {3, 0, 4, 3});
  check("crop/4x3/gravity:NorthEast", {7, 0, 4, 3});
  check("crop/4x3/gravity:NorthEast/x:2/y:1", {5, 1, 4, 3});
  check("crop/4x3/gravity:West", {0, 3, 4, 3});
  check("crop/4x3/gravity:Center", {3, 3, 4, 3});
  check("crop/4x3/gravity:Center/x:1/y:2", {4, 5, 4, 3});
  check("crop/4x3/gravity:East/x:3", {4, 3, 4, 3});
  check("crop/4x3/gravity:SouthWest/y:2", {0, 4, 4, 3});
  check("crop/4x3/gravity:South", {3, 6, 4, 3});
  check("crop/4x3/gravity:SouthEast/x:1/y:1", {6, 5, 4, 3});
  // What overhangs is cut off.
  check("crop/40x3/x:5", {5, 0, 6, 3});
  check("crop/40x30/gravity:Center", {0, 0, 11, 9});
  check("crop/14x3/gravity:Center", {0, 3, 11, 3});
  check("crop/4x3/gravity:East/x:9", {0, 3, 2, 3});
}

TEST_CASE("a crop of nothing fails", "[augment][ops]") {
  const auto op = recipe("crop/5x5/x:11");
  CHECK_THROWS_AS(op.spec->size(op.step({11, 9})), OpFailure);
  cv::Mat out;
  CHECK_THROWS_AS(apply({&op, {11, 9}}, scene({11, 9}), out), OpFailure);
}

TEST_CASE("brightness and contrast are rounded and saturated", "[augment][ops]") {
  const cv::Mat grey = (cv::Mat_<uchar>(1, 5) << 0, 50, 127, 200, 255);
  const auto values = [&](std::string_view text) {
    const auto out = applied(text, grey);
    return std::vector<int>{out.begin<uchar>(), out.end<uchar>()};
  };
  CHECK(values("brightness/0") == std::vector{0, 50, 127, 200, 255});
  CHECK(values("brightness/0.2") == std::vector{51, 101, 178, 251, 255});
  CHECK(values("brightness/-0.2") == std::vector{0, 0, 76, 149, 204});
  CHECK(values("contrast/1") == std::vector{0, 50, 127, 200, 255});
  CHECK(values("contrast/2") == std::vector{0, 0, 126, 255, 255});
  CHECK(values("contrast/0") == std::vector{128, 128, 128, 128, 128});
}

TEST_CASE("blur takes its kernel from sigma or from the radius", "[augment][ops]") {
  const auto picture = scene({64, 48});
  cv::Mat by_sigma, by_radius;
  cv::GaussianBlur(picture, by_sigma, {}, 1.5, 1.5, cv::BORDER_REFLECT_101);
  cv::GaussianBlur(picture, by_radius, {7, 7}, 1.5, 1.5, cv::BORDER_REFLECT_101);
  CHECK(largest_difference(applied("blur/1.5", picture), by_sigma) == 0);
  CHECK(largest_difference(applied("blur/0x1.5", picture), by_sigma) == 0);
  CHECK(largest_difference(applied("blur/3x1.5", picture), by_radius) == 0);
  CHECK(applied("blur/50", scene({1, 1})).size() == cv::Size{1, 1});
}

TEST_CASE("noise has the spread asked for and repeats itself for a seed", "[augment][ops]") {
  const cv::Mat picture{200, 200, CV_8UC3, cv::Scalar::all(128)};
  const auto noisy = applied("noise/10/seed:7", picture);
  cv::Scalar mean, deviation;
  cv::meanStdDev(noisy, mean, deviation);
  for (int c = 0; c < 3; ++c) {
    CHECK(mean[c] == Approx(128).margin(0.3));
    CHECK(deviation[c] == Approx(10).margin(0.3));
  }
  CHECK(largest_difference(noisy, applied("noise/10/seed:7", picture)) == 0);
  CHECK(largest_difference(noisy, applied("noise/10/seed:8", picture)) > 0);
  CHECK(largest_difference(applied("noise/0/seed:7", picture), picture) == 0);
  // Grey noise leaves grey pictures grey.
  std::vector<cv::Mat> channels;
  cv::split(applied("noise/10/per-channel:0/seed:7", picture), channels);
  CHECK(largest_difference(channels[0], channels[1]) == 0);
  CHECK(largest_difference(channels[0], channels[2]) == 0);
  cv::split(noisy, channels);
  CHECK(largest_difference(channels[0], channels[1]) > 0);
}

TEST_CASE("jpeg shows what one compression does", "[augment][ops]") {
  const auto picture = scene({64, 48});
  const auto rough = applied("jpeg/5", picture), fine = applied("jpeg/100", picture);
  CHECK(largest_difference(rough,
                           decoded(encoded(picture, ".jpg", {cv::IMWRITE_JPEG_QUALITY, 5}))) == 0);
  CHECK(cv::norm(rough, picture) > 3 * cv::norm(fine, picture));
  CHECK(applied("jpeg/50", scene({64, 48}, 1)).channels() == 1);
}

TEST_CASE("photometric operations leave alpha alone, geometric ones move it", "[augment][ops]") {
  const auto picture = scene({32, 24}, 4);
  std::vector<cv::Mat> before, after;
  cv::split(picture, before);
  for (const auto* text :
       {"blur/2", "brightness/0.2", "contrast/2", "noise/20/seed:1", "jpeg/30"}) {
    INFO(text);
    const auto out = applied(text, picture);
    REQUIRE(out.channels() == 4);
    cv::split(out, after);
    CHECK(largest_difference(before[3], after[3]) == 0);
    CHECK(largest_difference(before[0], after[0]) > 0);
  }
  cv::split(applied("flip", picture), after);
  cv::Mat flipped;
  cv::flip(before[3], flipped, 0);
  CHECK(largest_difference(after[3], flipped) == 0);
}

TEST_CASE("what mixes pixels weighs their colours by what is seen of them", "[augment][ops]") {
  // White on the left, clear black on the right.
  cv::Mat picture{32, 32, CV_8UC4, cv::Scalar(0, 0, 0, 0)};
  picture(cv::Rect{0, 0, 15, 32}).setTo(cv::Scalar(255, 255, 255, 255));
  for (const auto* text :
       {"resize/50p", "resize/64x64!", "resize/20x20!/interp:cubic", "resize/48x48!/interp:lanczos",
        "resize/11x11!/interp:nearest", "rotate/30/fill:edge"}) {
    INFO(text);
    const auto out = applied(text, picture);
    bool has_veiled = false;
    for (int y = 0; y < out.rows; ++y) {
      for (int x = 0; x < out.cols; ++x) {
        const auto& pixel = out.at<cv::Vec4b>(y, x);
        has_veiled = has_veiled || (pixel[3] != 0 && pixel[3] != 255);
        // A hundredth of a pixel's light may be rounded away.
        if (pixel[3] >= 8 && pixel[0] < 250) FAIL_CHECK(x << "," << y << ": " << pixel);
      }
    }
    if (std::string_view{text}.find("nearest") == std::string_view::npos) CHECK(has_veiled);
  }
  const auto blurred = applied("blur/2", picture);
  CHECK(blurred.at<cv::Vec4b>(16, 14) == cv::Vec4b(255, 255, 255, 255));
  CHECK(blurred.at<cv::Vec4b>(16, 15)[3] == 0);
}

TEST_CASE("every operation takes one, three and four channels and the smallest picture",
          "[augment][ops]") {
  for (const auto* text : {"flip", "flop", "transpose", "transverse", "rotate/45", "rotate/90",
                           "crop/1x1", "resize/50p", "resize/3x3!", "blur/1", "brightness/0.1",
                           "contrast/2", "noise/5/seed:1", "jpeg/50"}) {
    for (const int channels : {1, 3, 4}) {
      for (const auto size : {cv::Size{1, 1}, cv::Size{1, 9}, cv::Size{17, 2}, cv::Size{32, 32}}) {
        INFO(text << " " << channels << " " << size);
        const auto out = applied(text, scene(size, channels));
        CHECK(out.size() == result_of(text, size));
        CHECK(out.type() == CV_8UC(channels));
      }
    }
  }
}
