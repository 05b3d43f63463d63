#include "plugins/augment/turn.hpp"

#include <array>
#include <turbojpeg.h>

#include <catch2/catch.hpp>

#include "plugins/augment/formats/jpeg_codec.hpp"
#include "tests/plugins_augment/pictures.hpp"

using namespace millrace::augment;
using millrace::augment::testing::decoded;
using millrace::augment::testing::jpeg_of;
using millrace::augment::testing::largest_difference;
using millrace::augment::testing::scene;

namespace {

constexpr std::array kTurns{Turn::None,       Turn::Flop,     Turn::Flip,      Turn::Transpose,
                            Turn::Transverse, Turn::Rotate90, Turn::Rotate180, Turn::Rotate270};

Turn inverse(Turn turn) {
  for (const auto other : kTurns) {
    if (then(turn, other) == Turn::None) return other;
  }
  FAIL("a turn without an inverse");
  return Turn::None;
}

}  // namespace

TEST_CASE("two turns after each other are one turn of the pixels and of the points",
          "[augment][turn]") {
  const auto picture = scene({7, 5});
  for (const auto first : kTurns) {
    for (const auto second : kTurns) {
      cv::Mat once, twice, direct;
      turn_pixels(first, picture, once);
      turn_pixels(second, once, twice);
      turn_pixels(then(first, second), picture, direct);
      CHECK(largest_difference(twice, direct) == 0);
      CHECK(turned(then(first, second), picture.size()) == twice.size());
      const Point point{1.25, 4};
      CHECK(turned(second, once.size(), turned(first, picture.size(), point)) ==
            turned(then(first, second), picture.size(), point));
    }
  }
}

TEST_CASE("points move with the pixels they lie in", "[augment][turn]") {
  cv::Mat picture{5, 7, CV_8UC1, cv::Scalar{0}};
  picture.at<uchar>(1, 4) = 255;
  for (const auto turn : kTurns) {
    cv::Mat out;
    turn_pixels(turn, picture, out);
    const auto centre = turned(turn, picture.size(), {4.5, 1.5});
    CHECK(out.at<uchar>(static_cast<int>(centre.y), static_cast<int>(centre.x)) == 255);
  }
}

TEST_CASE("JPEG turns lose nothing: turned back, every pixel is the same",
          "[augment][turn][jpeg]") {
  JpegCodec codec;
  for (const int subsampling :
       {TJSAMP_444, TJSAMP_422, TJSAMP_420, TJSAMP_GRAY, TJSAMP_440, TJSAMP_411}) {
    const auto original = jpeg_of(scene({96, 64}, subsampling == TJSAMP_GRAY ? 1 : 3), subsampling);
    const auto pixels = decoded(original);
    for (const auto turn : kTurns) {
      INFO("subsampling " << subsampling << ", turn " << static_cast<int>(turn));
      const auto there = codec.turn(original, turn);
      REQUIRE(there);
      const std::string turned_bytes{*there};
      CHECK(decoded(turned_bytes).size() == turned(turn, pixels.size()));
      if (subsampling == TJSAMP_411 && swaps_sides(turn))
        continue;  // 4:4:1 has no name, so the way back is not offered
      const auto back = codec.turn(turned_bytes, inverse(turn));
      REQUIRE(back);
      CHECK(largest_difference(decoded(*back), pixels) == 0);
    }
  }
}

TEST_CASE("a JPEG turned without loss shows what turning the decoded pixels shows",
          "[augment][turn][jpeg]") {
  // The coefficients are exact. A decoder rounds between its two passes (columns, then rows) and,
  // for subsampled colour, to one side when it interpolates; mirrored at the diagonal or in the
  // direction of the interpolation that shows as up to 4 of 255. Mirrored top to bottom, and
  // without subsampling left to right, the pixels are the same.
  JpegCodec codec;
  for (const int subsampling : {TJSAMP_444, TJSAMP_422, TJSAMP_420, TJSAMP_GRAY}) {
    const auto original = jpeg_of(scene({96, 64}, subsampling == TJSAMP_GRAY ? 1 : 3), subsampling);
    for (const auto turn : kTurns) {
      INFO("subsampling " << subsampling << ", turn " << static_cast<int>(turn));
      cv::Mat wanted;
      turn_pixels(turn, decoded(original), wanted);
      const auto made = codec.turn(original, turn);
      REQUIRE(made);
      const bool has_full_colour = subsampling == TJSAMP_444 || subsampling == TJSAMP_GRAY;
      const bool is_same =
          turn == Turn::None || turn == Turn::Flip || (has_full_colour && !swaps_sides(turn));
      CHECK(largest_difference(decoded(*made), wanted) <= (is_same ? 0 : 4));
    }
  }
}

TEST_CASE("a JPEG whose sides are no multiples of its MCU is not turned without decoding",
          "[augment][turn][jpeg]") {
  JpegCodec codec;
  CHECK_FALSE(codec.turn(jpeg_of(scene({96, 60}), TJSAMP_420), Turn::Flip));
  CHECK_FALSE(codec.turn(jpeg_of(scene({100, 64}), TJSAMP_444), Turn::Flip));
  CHECK_FALSE(codec.turn(jpeg_of(scene({96, 60}), TJSAMP_420), Turn::None));
  CHECK(codec.turn(jpeg_of(scene({8, 8}), TJSAMP_444), Turn::Rotate90));
}

TEST_CASE("a broken JPEG is not turned", "[augment][turn][jpeg]") {
  JpegCodec codec;
  const auto whole = jpeg_of(scene({96, 64}), TJSAMP_420);
  CHECK_FALSE(codec.turn(whole.substr(0, whole.size() / 2), Turn::Flip));
  CHECK_FALSE(codec.turn(whole.substr(0, 30), Turn::Flip));
  CHECK_FALSE(codec.turn("", Turn::Flip));
}
