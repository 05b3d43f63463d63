#include "plugins/augment/formats/webp_codec.hpp"

#include <memory>

#include <webp/decode.h>
#include <webp/encode.h>

namespace millrace::augment {

bool decode_webp(std::string_view bytes, cv::Size size, cv::Mat& out, std::string& why) {
  const auto* data = reinterpret_cast<const std::uint8_t*>(bytes.data());
  WebPBitstreamFeatures features{};
  if (WebPGetFeatures(data, bytes.size(), &features) != VP8_STATUS_OK) {
    why = "the WebP is broken or ends early";
    return false;
  }
  if (features.has_animation != 0) {
    why = "animated WebPs are not supported";
    return false;
  }
  if (cv::Size{features.width, features.height} != size) {
    why = "the WebP tells two sizes";
    return false;
  }
  const bool has_alpha = features.has_alpha != 0;
  out.create(size, has_alpha ? CV_8UC4 : CV_8UC3);
  const auto decode = has_alpha ? WebPDecodeBGRAInto : WebPDecodeBGRInto;
  const auto capacity = out.step * static_cast<std::size_t>(out.rows);
  if (decode(data, bytes.size(), out.data, capacity, static_cast<int>(out.step)) != nullptr)
    return true;
  why = "the WebP is broken or ends early";
  return false;
}

bool encode_webp(const cv::Mat& picture, int quality, std::vector<unsigned char>& out,
                 std::string& why) {
  cv::Mat coloured = picture;
  if (picture.channels() == 1) {
    const cv::Mat channels[] = {picture, picture, picture};
    cv::merge(channels, 3, coloured);
  }
  std::uint8_t* encoded = nullptr;
  const auto encode = coloured.channels() == 4 ? WebPEncodeBGRA : WebPEncodeBGR;
  const auto size = encode(coloured.data, coloured.cols, coloured.rows,
                           static_cast<int>(coloured.step), static_cast<float>(quality), &encoded);
  const std::unique_ptr<std::uint8_t, decltype(&WebPFree)> owner{encoded, WebPFree};
  if (size == 0) {
    why = "the picture cannot be written as WebP; its sides may be at most " +
          std::to_string(WEBP_MAX_DIMENSION);
    return false;
  }
  out.assign(encoded, encoded + size);
  return true;
}

}  // namespace millrace::augment
