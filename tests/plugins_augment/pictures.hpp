#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <opencv2/core.hpp>

#include "plugins/augment/chain_tree.hpp"
#include "plugins/augment/check.hpp"
#include "plugins/augment/resolve.hpp"

/// Pictures made up for tests, and short ways to operations.
namespace millrace::augment::testing {

/// A picture in which no two places look alike: smooth gradients with soft noise. Repeats itself
/// for a seed.
cv::Mat scene(cv::Size size, int channels = 3, int seed = 1);

/// Black, with the rectangle painted white to the very edges; where its sides cut pixels these are
/// grey.
cv::Mat painted_box(cv::Size size, cv::Rect2d box);

std::string encoded(const cv::Mat& picture, std::string_view extension,
                    const std::vector<int>& settings = {});
cv::Mat decoded(std::string_view bytes);

/// A JPEG of the given subsampling (TJSAMP_...).
std::string jpeg_of(const cv::Mat& picture, int subsampling, int quality = 90);

/// Largest difference of any two values; a large number when shapes differ.
double largest_difference(const cv::Mat& left, const cv::Mat& right);

/// Returns one resolved operation; fails the test when the text is no recipe.
ResolvedOp recipe(std::string_view text);

/// Applies one resolved operation to a picture.
cv::Mat applied(std::string_view text, const cv::Mat& picture);

/// Where a point of a picture of that size goes.
Point moved_point(std::string_view text, cv::Size size, Point point);

/// Size of the result.
cv::Size result_of(std::string_view text, cv::Size size);

/// Faults of an ops text, as "kind@offset".
std::vector<std::string> faults_of(std::string_view text, bool is_chain_allowed = true);

}  // namespace millrace::augment::testing
