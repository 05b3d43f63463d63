#pragma once

#include <string>
#include <string_view>

#include <opencv2/core.hpp>

namespace millrace::augment {

/// Decodes the first frame of a GIF onto its canvas: BGR when the frame covers it without a
/// transparent pixel, else BGRA. A canvas other than `size`, what the header told, is refused.
/// False fills `why`.
bool decode_gif(std::string_view bytes, cv::Size size, cv::Mat& out, std::string& why);

}  // namespace millrace::augment
