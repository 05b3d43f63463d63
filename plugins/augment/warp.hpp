#pragma once

#include <array>
#include <string_view>

#include <opencv2/core.hpp>

#include "plugins/augment/op.hpp"

namespace millrace::augment {

inline constexpr std::array<std::string_view, 3> kBorders{"edge", "reflect", "wrap"};

/// The parameter `fill` that all operations which uncover empty ground share: what is painted
/// there.
inline constexpr ParamSpec kFill{.name = "fill",
                                 .kind = ParamKind::Colour,
                                 .doc = "What is painted where the picture does not reach.",
                                 .fallback = "#000000",
                                 .keyed = true,
                                 .words = kBorders};

/// Moves a picture by a forward matrix in the edge coordinates of labels, with linear
/// interpolation; what is uncovered is painted by the argument `fill`. A grey picture becomes BGR
/// when the fill has a colour. The matrix is brought to OpenCV's pixel centres here: T(-1/2) M
/// T(1/2).
void warp(const Args& args, const cv::Mat& in, cv::Mat& out, const cv::Matx23d& matrix,
          cv::Size size);

/// Returns the same matrix as a map of points.
PointMap points_of(const cv::Matx23d& matrix);

}  // namespace millrace::augment
