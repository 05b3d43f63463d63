#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <opencv2/core.hpp>

namespace millrace::augment {

/// Decodes BMPs of 1, 4, 8, 16, 24 and 32 bits a pixel, with run lengths and bit masks, to 1 (grey
/// palette), 3 (BGR) or 4 channels (BGRA, where a mask for alpha says so). A header that tells
/// another size than `size` and a picture that ends early are refused: false fills `why`.
bool decode_bmp(std::string_view bytes, cv::Size size, cv::Mat& out, std::string& why);

/// Encodes 8 bits and 1, 3 or 4 channels without compression.
bool encode_bmp(const cv::Mat& picture, std::vector<unsigned char>& out, std::string& why);

}  // namespace millrace::augment
