#include "plugins/augment/warp.hpp"

#include <opencv2/imgproc.hpp>

#include "plugins/augment/alpha.hpp"

namespace millrace::augment {
namespace {

struct Border {
  int type = cv::BORDER_CONSTANT;
  cv::Scalar value{};
  bool needs_colour = false;
};

Border border_of(const Args& args) {
  if (const auto* colour = args.colour("fill")) {
    const bool is_grey = colour->red == colour->green && colour->green == colour->blue;
    // The alpha of 255 keeps what is uncovered opaque.
    return {cv::BORDER_CONSTANT,
            {double(colour->blue), double(colour->green), double(colour->red), 255},
            !is_grey};
  }
  const auto word = args.word("fill");
  if (word == kBorders[0]) return {cv::BORDER_REPLICATE};
  if (word == kBorders[1]) return {cv::BORDER_REFLECT_101};
  return {cv::BORDER_WRAP};
}

}  // namespace

void warp(const Args& args, const cv::Mat& in, cv::Mat& out, const cv::Matx23d& matrix,
          cv::Size size) {
  auto centred = matrix;
  for (int row = 0; row < 2; ++row) centred(row, 2) += (matrix(row, 0) + matrix(row, 1)) / 2 - 0.5;
  const auto border = border_of(args);
  cv::Mat coloured;
  const bool is_coloured = border.needs_colour && in.channels() == 1;
  if (is_coloured) cv::cvtColor(in, coloured, cv::COLOR_GRAY2BGR);
  mix_by_alpha(is_coloured ? coloured : in, out, [&](const cv::Mat& from, cv::Mat& to) {
    cv::warpAffine(from, to, centred, size, cv::INTER_LINEAR, border.type, border.value);
  });
}

PointMap points_of(const cv::Matx23d& m) {
  return [m](Point p) {
    return Point{m(0, 0) * p.x + m(0, 1) * p.y + m(0, 2), m(1, 0) * p.x + m(1, 1) * p.y + m(1, 2)};
  };
}

}  // namespace millrace::augment
