#include "plugins/augment/alpha.hpp"

#include <algorithm>

namespace millrace::augment {
namespace {

constexpr float kOpaque = 255;

bool is_opaque(const cv::Mat& picture) {
  if (picture.channels() != 4) return true;
  for (int y = 0; y < picture.rows; ++y) {
    const auto* row = picture.ptr<cv::Vec4b>(y);
    if (!std::all_of(row, row + picture.cols, [](const cv::Vec4b& p) { return p[3] == 255; }))
      return false;
  }
  return true;
}

void weigh(const cv::Mat& in, cv::Mat& out) {
  in.convertTo(out, CV_32F);
  for (int y = 0; y < out.rows; ++y) {
    auto* row = out.ptr<cv::Vec4f>(y);
    for (int x = 0; x < out.cols; ++x) {
      for (int c = 0; c < 3; ++c) row[x][c] *= row[x][3] / kOpaque;
    }
  }
}

void unweigh(const cv::Mat& in, cv::Mat& out) {
  out.create(in.size(), CV_8UC4);
  for (int y = 0; y < in.rows; ++y) {
    const auto* from = in.ptr<cv::Vec4f>(y);
    auto* to = out.ptr<cv::Vec4b>(y);
    for (int x = 0; x < in.cols; ++x) {
      // Some kernels swing over, below nothing and above all.
      const float alpha = std::min(from[x][3], kOpaque);
      const float share = alpha > 0 ? kOpaque / alpha : 0;
      for (int c = 0; c < 3; ++c) to[x][c] = cv::saturate_cast<uchar>(from[x][c] * share);
      to[x][3] = cv::saturate_cast<uchar>(alpha);
    }
  }
}

}  // namespace

void mix_by_alpha(const cv::Mat& in, cv::Mat& out, const MixPixels& mix) {
  if (is_opaque(in)) return mix(in, out);
  cv::Mat weighted, mixed;
  weigh(in, weighted);
  mix(weighted, mixed);
  unweigh(mixed, out);
}

}  // namespace millrace::augment
