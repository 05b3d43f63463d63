#pragma once

#include <string>
#include <string_view>

#include <opencv2/core.hpp>

namespace millrace::augment {

/// Decodes the first frame of a GIF onto its canvas: BGR when the frame covers it without a
/// transparent pixel, else BGRA. False fills `why`. OpenCV reads no GIF before 4.11.
bool decode_gif(std::string_view bytes, cv::Mat& out, std::string& why);

}  // namespace millrace::augment
