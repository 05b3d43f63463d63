#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <opencv2/core.hpp>

namespace millrace::augment {

/// Decodes to 8 or 16 bits and 1, 3 (BGR) or 4 (BGRA) channels; palettes become colours. A size
/// other than `size`, what the header told, is refused. False fills `why`.
bool decode_png(std::string_view bytes, cv::Size size, cv::Mat& out, std::string& why);

/// Encodes 8 bits and 1, 3 or 4 channels, for speed rather than size, as cv::imencode does.
bool encode_png(const cv::Mat& picture, std::vector<unsigned char>& out, std::string& why);

}  // namespace millrace::augment
