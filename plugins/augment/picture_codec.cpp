#include "plugins/augment/picture_codec.hpp"

#include <optional>

#include <opencv2/imgcodecs.hpp>

#include "plugins/augment/gif_reader.hpp"

namespace millrace::augment {
namespace {

bool decode_by_opencv(std::string_view bytes, cv::Mat& out, std::string& why) {
  // imdecode only reads from the matrix that wraps the bytes.
  const cv::Mat wrapped{1, static_cast<int>(bytes.size()), CV_8UC1,
                        const_cast<char*>(bytes.data())};
  out = cv::imdecode(wrapped, cv::IMREAD_UNCHANGED);
  if (out.empty()) why = "the picture is broken or ends early";
  return !out.empty();
}

// imdecode turns a TIFF by its orientation tag whatever it is told; with the tag set to 1 it does
// not.
bool decode_tiff(std::string_view bytes, cv::Mat& out, std::string& why) {
  const auto tag = find_tiff_orientation(bytes);
  if (tag == 0) return decode_by_opencv(bytes, out, why);
  std::string upright{bytes};
  const bool is_little = bytes.front() == 'I';
  upright[tag + (is_little ? 0 : 1)] = 1;
  upright[tag + (is_little ? 1 : 0)] = 0;
  return decode_by_opencv(upright, out, why);
}

bool to_eight_bits(cv::Mat& picture, std::string& why) {
  const int channels = picture.channels();
  if (channels != 1 && channels != 3 && channels != 4) {
    why = "pictures of " + std::to_string(channels) + " channels are not supported";
    return false;
  }
  if (picture.depth() == CV_8U) return true;
  if (picture.depth() != CV_16U) {
    why = "only 8 and 16 bits a channel are supported";
    return false;
  }
  picture.convertTo(picture, CV_8U, 255.0 / 65535.0);
  return true;
}

}  // namespace

PictureCodec::PictureCodec() {
  // The engine's workers are the threads; OpenCV's own would fight with them. Once a process.
  static const bool is_single_threaded = (cv::setNumThreads(0), true);
  static_cast<void>(is_single_threaded);
}

bool PictureCodec::decode(std::string_view bytes, ImageFormat format, cv::Mat& out,
                          std::string& why) {
  try {
    if (format == ImageFormat::Gif) return decode_gif(bytes, out, why);
    if (format == ImageFormat::Jpeg) {
      const auto decoded = jpeg_.decode(bytes, out, why);
      if (decoded != JpegCodec::Decoded::Unsupported) return decoded == JpegCodec::Decoded::Yes;
    }
    const bool is_decoded = format == ImageFormat::Tiff ? decode_tiff(bytes, out, why)
                                                        : decode_by_opencv(bytes, out, why);
    return is_decoded && to_eight_bits(out, why);
  } catch (const cv::Exception& error) {
    why = error.err;
    return false;
  }
}

std::string_view PictureCodec::encode(const cv::Mat& picture, const Encoding& encoding,
                                      std::string& why) {
  if (encoding.format == ImageFormat::Jpeg) return jpeg_.encode(picture, encoding.quality, why);
  std::vector<int> settings;
  if (encoding.format == ImageFormat::Webp) settings = {cv::IMWRITE_WEBP_QUALITY, encoding.quality};
  try {
    if (!cv::imencode(std::string{extension_of(encoding.format)}, picture, encoded_, settings)) {
      why = "the picture cannot be written as " + std::string{to_string(encoding.format)};
      return {};
    }
  } catch (const cv::Exception& error) {
    why = error.err;
    return {};
  }
  return {reinterpret_cast<const char*>(encoded_.data()), encoded_.size()};
}

}  // namespace millrace::augment
