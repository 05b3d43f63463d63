#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <opencv2/core.hpp>

namespace millrace::augment {

/// Decodes to 3 (BGR) or 4 (BGRA) channels. Animations, and a size other than `size`, what the
/// header told, are refused. False fills `why`.
bool decode_webp(std::string_view bytes, cv::Size size, cv::Mat& out, std::string& why);

/// Encodes 8 bits and 1, 3 or 4 channels; quality is 1 to 100.
bool encode_webp(const cv::Mat& picture, int quality, std::vector<unsigned char>& out,
                 std::string& why);

}  // namespace millrace::augment
