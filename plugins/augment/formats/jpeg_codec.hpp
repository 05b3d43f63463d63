#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <opencv2/core.hpp>

#include "plugins/augment/turn.hpp"

namespace millrace::augment {

/// Writes and turns JPEGs with libjpeg-turbo; jpeg_reader.hpp reads them. Keeps its handles and
/// buffers from one picture to the next; a view it returns is valid until the next call. [one
/// thread at a time]
class JpegCodec {
 public:
  JpegCodec();
  JpegCodec(JpegCodec&&) noexcept;
  JpegCodec& operator=(JpegCodec&&) noexcept;
  ~JpegCodec();

  /// Encodes 8 bit pictures of 1, 3 or 4 channels; an alpha channel is dropped. 4:2:0. Empty fills
  /// `why`.
  std::string_view encode(const cv::Mat& picture, int quality, std::string& why);

  /// Turns the picture in the DCT domain, without loss, and drops all metadata. Empty when it must
  /// be decoded instead: its sides are no multiples of the MCU, or it is broken.
  std::optional<std::string_view> turn(std::string_view bytes, Turn turn);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace millrace::augment
