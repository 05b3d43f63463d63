// Turns the picture clockwise by any angle.
#include <cmath>
#include <numbers>

#include "plugins/augment/op.hpp"
#include "plugins/augment/warp.hpp"

namespace millrace::augment {
namespace {

constexpr ParamSpec kParams[] = {
    {.name = "deg",
     .kind = ParamKind::Number,
     .doc = "Angle, clockwise to the eye. Multiples of 90 are exact.",
     .minimum = -360,
     .maximum = 360,
     .unit = "degree"},
    {.name = "expand",
     .kind = ParamKind::Integer,
     .doc = "1: the canvas grows to hold the whole picture. 0: the size stays.",
     .minimum = 0,
     .maximum = 1,
     .fallback = "1",
     .keyed = true},
    kFill,
};

// Cosine and sine of the angle in image axes, y pointing down.
struct Angle {
  double cosine, sine;
};

Angle angle_of(const Args& args) {
  const double radians = args.number("deg") * std::numbers::pi / 180;
  return {std::cos(radians), std::sin(radians)};
}

// Multiples of 90 degrees on a growing canvas, and half turns on any, are moves of whole pixels.
std::optional<Turn> exact_turn(const Step& step) {
  const double quarters = step.args.number("deg") / 90;
  if (quarters != std::floor(quarters)) return {};
  const int place = ((static_cast<int>(quarters) % 4) + 4) % 4;
  if (place % 2 != 0 && !step.args.flag("expand")) return {};
  constexpr Turn kTurns[] = {Turn::None, Turn::Rotate90, Turn::Rotate180, Turn::Rotate270};
  return kTurns[place];
}

cv::Size result_size(const Step& step) {
  if (const auto turn = exact_turn(step)) return turned(*turn, step.size);
  if (!step.args.flag("expand")) return step.size;
  const auto angle = angle_of(step.args);
  // A side that rounding has carried over a whole number by less than this does not grow.
  constexpr double kSlack = 1e-6;
  const auto grown = [&](double along, double across) {
    return static_cast<int>(std::ceil(std::abs(along) + std::abs(across) - kSlack));
  };
  return {grown(step.size.width * angle.cosine, step.size.height * angle.sine),
          grown(step.size.width * angle.sine, step.size.height * angle.cosine)};
}

// centre of the result + R (point - centre)
cv::Matx23d matrix_of(const Step& step) {
  const auto [cosine, sine] = angle_of(step.args);
  const auto size = result_size(step);
  const double x = step.size.width / 2.0, y = step.size.height / 2.0;
  return {cosine, -sine,  size.width / 2.0 - cosine * x + sine * y,
          sine,   cosine, size.height / 2.0 - sine * x - cosine * y};
}

void pixels(const Step& step, const cv::Mat& in, cv::Mat& out) {
  if (const auto turn = exact_turn(step)) return turn_pixels(*turn, in, out);
  warp(step.args, in, out, matrix_of(step), result_size(step));
}

PointMap points(const Step& step) {
  if (const auto turn = exact_turn(step)) {
    return [turn = *turn, size = step.size](Point point) { return turned(turn, size, point); };
  }
  return points_of(matrix_of(step));
}

}  // namespace

namespace ops {
extern constinit const OpSpec rotate{.name = "rotate",
                                     .doc = "Turns the picture clockwise by an angle.",
                                     .params = kParams,
                                     .size = result_size,
                                     .pixels = pixels,
                                     .points = points,
                                     .turn = exact_turn};
}  // namespace ops

}  // namespace millrace::augment
