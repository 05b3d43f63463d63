// Pictures: headers and readers of every format.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "plugins/augment/formats/picture_codec.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace millrace::augment;
  const std::string_view bytes{reinterpret_cast<const char*>(data), size};
  const auto format = sniff_format(bytes);
  if (!format) return 0;
  const auto extent = read_extent(bytes, *format);
  if (extent && (extent->width <= 0 || extent->height <= 0)) std::abort();
  constexpr std::int64_t kMaxPixels = 1 << 20;
  if (!extent || extent->width * extent->height > kMaxPixels) return 0;
  static PictureCodec codec;
  cv::Mat picture;
  std::string why;
  if (codec.decode(bytes, *format, picture, why)) {
    if (picture.cols != extent->width || picture.rows != extent->height || picture.depth() != CV_8U)
      std::abort();
  } else if (why.empty()) {
    std::abort();
  }
  return 0;
}
