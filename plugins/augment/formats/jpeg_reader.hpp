#pragma once

#include <string>
#include <string_view>

#include <opencv2/core.hpp>

namespace millrace::augment {

/// Decodes any JPEG of 8 bits to 1 (grey) or 3 channels (BGR); four inks are mixed to three
/// colours. No orientation tag is applied. A size other than `size`, what the header told, is
/// refused. False fills `why`, also when only a part of the pixels is there.
bool decode_jpeg(std::string_view bytes, cv::Size size, cv::Mat& out, std::string& why);

}  // namespace millrace::augment
