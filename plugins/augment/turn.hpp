#pragma once

#include <opencv2/core.hpp>

#include "plugins/records/labels.hpp"

namespace millrace::augment {

/// The eight ways to turn and mirror a picture without loss, in the order of the TJXOP codes of
/// libjpeg-turbo.
enum class Turn { None, Flop, Flip, Transpose, Transverse, Rotate90, Rotate180, Rotate270 };

/// Returns the one turn that has the effect of `first` and `second` after it.
Turn then(Turn first, Turn second);

/// Returns whether width and height change places.
bool swaps_sides(Turn turn);

cv::Size turned(Turn turn, cv::Size size);
records::Point turned(Turn turn, cv::Size size, records::Point point);
/// `out` is a new picture, also for None.
void turn_pixels(Turn turn, const cv::Mat& in, cv::Mat& out);

}  // namespace millrace::augment
