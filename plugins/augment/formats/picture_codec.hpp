#pragma once

#include <compare>
#include <string>
#include <string_view>
#include <vector>

#include <opencv2/core.hpp>

#include "plugins/augment/formats/image_format.hpp"
#include "plugins/augment/formats/jpeg_codec.hpp"

namespace millrace::augment {

/// How a result is written. The quality counts for JPEG and WebP.
struct Encoding {
  ImageFormat format = ImageFormat::Png;
  int quality = 95;
  auto operator<=>(const Encoding&) const = default;
};

/// Decodes and encodes pictures of every format. Keeps its buffers; a view it returns is valid
/// until the next call. [one thread at a time]
class PictureCodec {
 public:
  PictureCodec();

  /// Decodes to 8 bits and 1, 3 (BGR) or 4 (BGRA) channels, in stored axes: no orientation tag is
  /// applied. 16 bits become v 255 / 65535. False fills `why`.
  bool decode(std::string_view bytes, ImageFormat format, cv::Mat& out, std::string& why);

  /// Returns the bytes, without metadata. Empty fills `why`.
  std::string_view encode(const cv::Mat& picture, const Encoding& encoding, std::string& why);

  JpegCodec& jpeg() { return jpeg_; }

 private:
  JpegCodec jpeg_;
  std::vector<unsigned char> encoded_;
};

}  // namespace millrace::augment
