#include "plugins/augment/turn.hpp"

#include <array>
#include <cstddef>

namespace millrace::augment {
namespace {

// What a turn does to a direction: (x, y) becomes (xx x + xy y, yx x + yy y), y pointing down.
struct Axes {
  int xx, xy, yx, yy;
  bool operator==(const Axes&) const = default;
};

constexpr std::array<Axes, 8> kAxes{{
    {1, 0, 0, 1},    // None
    {-1, 0, 0, 1},   // Flop
    {1, 0, 0, -1},   // Flip
    {0, 1, 1, 0},    // Transpose
    {0, -1, -1, 0},  // Transverse
    {0, -1, 1, 0},   // Rotate90, clockwise
    {-1, 0, 0, -1},  // Rotate180
    {0, 1, -1, 0},   // Rotate270
}};

const Axes& axes_of(Turn turn) { return kAxes[static_cast<std::size_t>(turn)]; }

}  // namespace

Turn then(Turn first, Turn second) {
  const auto& a = axes_of(first);
  const auto& b = axes_of(second);
  const Axes product{b.xx * a.xx + b.xy * a.yx, b.xx * a.xy + b.xy * a.yy,
                     b.yx * a.xx + b.yy * a.yx, b.yx * a.xy + b.yy * a.yy};
  std::size_t place = 0;
  while (kAxes[place] != product) ++place;  // the eight are a group: always found
  return static_cast<Turn>(place);
}

bool swaps_sides(Turn turn) { return axes_of(turn).xx == 0; }

cv::Size turned(Turn turn, cv::Size size) {
  return swaps_sides(turn) ? cv::Size{size.height, size.width} : size;
}

records::Point turned(Turn turn, cv::Size size, records::Point point) {
  // A negative axis is counted from the far edge: W - x, H - y.
  const auto along = [&](int by_x, int by_y) {
    if (by_x != 0) return by_x > 0 ? point.x : size.width - point.x;
    return by_y > 0 ? point.y : size.height - point.y;
  };
  const auto& axes = axes_of(turn);
  return {along(axes.xx, axes.xy), along(axes.yx, axes.yy)};
}

void turn_pixels(Turn turn, const cv::Mat& in, cv::Mat& out) {
  switch (turn) {
    case Turn::None:
      in.copyTo(out);
      return;
    case Turn::Flop:
      cv::flip(in, out, 1);
      return;
    case Turn::Flip:
      cv::flip(in, out, 0);
      return;
    case Turn::Transpose:
      cv::transpose(in, out);
      return;
    case Turn::Transverse: {
      cv::Mat transposed;
      cv::transpose(in, transposed);
      cv::flip(transposed, out, -1);
      return;
    }
    case Turn::Rotate90:
      cv::rotate(in, out, cv::ROTATE_90_CLOCKWISE);
      return;
    case Turn::Rotate180:
      cv::flip(in, out, -1);
      return;
    case Turn::Rotate270:
      cv::rotate(in, out, cv::ROTATE_90_COUNTERCLOCKWISE);
      return;
  }
}

}  // namespace millrace::augment
