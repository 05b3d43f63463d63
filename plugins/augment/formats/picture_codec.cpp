#include "plugins/augment/formats/picture_codec.hpp"

#include <limits>
#include <optional>

#include "plugins/augment/formats/bmp_codec.hpp"
#include "plugins/augment/formats/gif_reader.hpp"
#include "plugins/augment/formats/jpeg_reader.hpp"
#include "plugins/augment/formats/png_codec.hpp"
#include "plugins/augment/formats/tiff_reader.hpp"
#include "plugins/augment/formats/webp_codec.hpp"

namespace millrace::augment {
namespace {

// What the header tells, which the caller has held against its limits: no decoder takes memory for
// another size.
std::optional<cv::Size> size_of(std::string_view bytes, ImageFormat format) {
  constexpr std::int64_t kMost = std::numeric_limits<std::int32_t>::max();
  const auto extent = read_extent(bytes, format);
  if (!extent || extent->width > kMost || extent->height > kMost) return {};
  return cv::Size{static_cast<int>(extent->width), static_cast<int>(extent->height)};
}

bool decode_any(std::string_view bytes, ImageFormat format, cv::Size size, cv::Mat& out,
                std::string& why) {
  switch (format) {
    case ImageFormat::Jpeg:
      return decode_jpeg(bytes, size, out, why);
    case ImageFormat::Png:
      return decode_png(bytes, size, out, why);
    case ImageFormat::Gif:
      return decode_gif(bytes, size, out, why);
    case ImageFormat::Webp:
      return decode_webp(bytes, size, out, why);
    case ImageFormat::Bmp:
      return decode_bmp(bytes, size, out, why);
    case ImageFormat::Tiff:
      return decode_tiff(bytes, size, out, why);
  }
  return false;
}

void to_eight_bits(cv::Mat& picture) {
  if (picture.depth() == CV_16U) picture.convertTo(picture, CV_8U, 255.0 / 65535.0);
}

}  // namespace

PictureCodec::PictureCodec() {
  // The engine's workers are the threads; OpenCV's own would fight with them. Once a process.
  static const bool is_single_threaded = (cv::setNumThreads(0), true);
  static_cast<void>(is_single_threaded);
}

bool PictureCodec::decode(std::string_view bytes, ImageFormat format, cv::Mat& out,
                          std::string& why) {
  const auto size = size_of(bytes, format);
  if (!size) {
    why = "the header of the " + std::string{to_string(format)} + " is broken";
    return false;
  }
  try {
    if (!decode_any(bytes, format, *size, out, why)) return false;
    to_eight_bits(out);
    return true;
  } catch (const cv::Exception& error) {
    why = error.err;
    return false;
  }
}

std::string_view PictureCodec::encode(const cv::Mat& picture, const Encoding& encoding,
                                      std::string& why) {
  if (encoding.format == ImageFormat::Jpeg) return jpeg_.encode(picture, encoding.quality, why);
  const bool is_encoded =
      encoding.format == ImageFormat::Webp  ? encode_webp(picture, encoding.quality, encoded_, why)
      : encoding.format == ImageFormat::Bmp ? encode_bmp(picture, encoded_, why)
                                            : encode_png(picture, encoded_, why);
  if (!is_encoded) return {};
  return {reinterpret_cast<const char*>(encoded_.data()), encoded_.size()};
}

}  // namespace millrace::augment
