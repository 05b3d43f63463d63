#pragma once

#include <functional>

#include <opencv2/core.hpp>

namespace millrace::augment {

/// An operation whose pixels are mixtures of neighbours: scaling, turning, blurring.
using MixPixels = std::function<void(const cv::Mat& in, cv::Mat& out)>;

/// Mixes a picture so that each pixel counts by how much is seen of it: white beside clear black
/// stays white. `mix` gets 8 bits a channel where all pixels are opaque or have no alpha, else
/// BGRA in float32, colours multiplied by alpha, and must be linear.
void mix_by_alpha(const cv::Mat& in, cv::Mat& out, const MixPixels& mix);

}  // namespace millrace::augment
