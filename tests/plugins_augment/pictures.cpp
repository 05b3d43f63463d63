#include "tests/plugins_augment/pictures.hpp"

#include <turbojpeg.h>

#include <catch2/catch.hpp>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>

namespace millrace::augment::testing {

cv::Mat scene(cv::Size size, int channels, int seed) {
  cv::Mat picture{size, CV_8UC(channels)};
  cv::RNG rng{static_cast<std::uint64_t>(seed)};
  rng.fill(picture, cv::RNG::UNIFORM, 0, 256);
  cv::GaussianBlur(picture, picture, {}, 3);
  for (int y = 0; y < size.height; ++y) {
    for (int x = 0; x < size.width; ++x) {
      auto* pixel = picture.ptr(y, x);
      for (int c = 0; c < channels; ++c) {
        const int gradient = c == 0   ? 255 * x / size.width
                             : c == 1 ? 255 * y / size.height
                                      : 255 - 255 * x / size.width;
        pixel[c] = static_cast<uchar>((pixel[c] + gradient) / 2);
      }
    }
  }
  return picture;
}

cv::Mat painted_box(cv::Size size, cv::Rect2d box) {
  cv::Mat picture{size, CV_8UC1};
  const auto overlap = [](double begin, double end, int pixel) {
    return std::max(0.0, std::min(end, pixel + 1.0) - std::max(begin, double(pixel)));
  };
  for (int y = 0; y < size.height; ++y) {
    for (int x = 0; x < size.width; ++x) {
      const double share =
          overlap(box.x, box.x + box.width, x) * overlap(box.y, box.y + box.height, y);
      picture.at<uchar>(y, x) = cv::saturate_cast<uchar>(255 * share);
    }
  }
  return picture;
}

std::string encoded(const cv::Mat& picture, std::string_view extension,
                    const std::vector<int>& settings) {
  std::vector<uchar> bytes;
  REQUIRE(cv::imencode(std::string{extension}, picture, bytes, settings));
  return {bytes.begin(), bytes.end()};
}

cv::Mat decoded(std::string_view bytes) {
  const std::vector<uchar> copy{bytes.begin(), bytes.end()};
  return cv::imdecode(copy, cv::IMREAD_UNCHANGED);
}

std::string jpeg_of(const cv::Mat& picture, int subsampling, int quality) {
  const tjhandle encoder = tjInitCompress();
  unsigned char* bytes = nullptr;
  unsigned long size = 0;
  REQUIRE(tjCompress2(encoder, picture.data, picture.cols, int(picture.step), picture.rows,
                      picture.channels() == 1 ? TJPF_GRAY : TJPF_BGR, &bytes, &size, subsampling,
                      quality, TJFLAG_ACCURATEDCT) == 0);
  std::string jpeg{reinterpret_cast<const char*>(bytes), size};
  tjFree(bytes);
  tjDestroy(encoder);
  return jpeg;
}

double largest_difference(const cv::Mat& left, const cv::Mat& right) {
  if (left.size() != right.size() || left.type() != right.type()) return 1e9;
  return cv::norm(left, right, cv::NORM_INF);
}

ResolvedOp recipe(std::string_view text) {
  std::string why;
  auto read = read_recipe(text, why);
  INFO(text << ": " << why);
  REQUIRE(read);
  return *std::move(read);
}

cv::Mat applied(std::string_view text, const cv::Mat& picture) {
  const auto op = recipe(text);
  cv::Mat out;
  apply({&op, picture.size()}, picture, out);
  return out;
}

Point moved_point(std::string_view text, cv::Size size, Point point) {
  const auto op = recipe(text);
  REQUIRE(op.spec->points != nullptr);
  return op.spec->points(op.step(size))(point);
}

cv::Size result_of(std::string_view text, cv::Size size) {
  const auto op = recipe(text);
  return op.spec->size == nullptr ? size : op.spec->size(op.step(size));
}

std::vector<std::string> faults_of(std::string_view text, bool is_chain_allowed) {
  std::vector<OpsFault> faults;
  const auto ops = read_ops(text, {.is_chain_allowed = is_chain_allowed}, faults);
  CHECK(ops.empty() == !faults.empty());
  std::vector<std::string> written;
  for (const auto& fault : faults) {
    CHECK_FALSE(fault.message.empty());
    written.push_back(std::string{fault.kind} + "@" + std::to_string(fault.offset));
  }
  return written;
}

}  // namespace millrace::augment::testing
