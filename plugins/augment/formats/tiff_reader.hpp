#pragma once

#include <string>
#include <string_view>

#include <opencv2/core.hpp>

namespace millrace::augment {

/// Decodes the first picture of a TIFF to 8 bits and 1 (grey), 3 (BGR) or 4 (BGRA) channels, in
/// stored axes whatever its orientation tag says. Depths beyond 16 bits, and a size other than
/// `size`, what the header told, are refused. False fills `why`.
bool decode_tiff(std::string_view bytes, cv::Size size, cv::Mat& out, std::string& why);

}  // namespace millrace::augment
