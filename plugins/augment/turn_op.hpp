#pragma once

#include <optional>
#include <string_view>

#include "plugins/augment/op.hpp"

namespace millrace::augment {

/// Makes the operation that is one of the eight turns and takes no parameter.
template <Turn kTurn>
constexpr OpSpec turn_op(std::string_view name, std::string_view doc) {
  return {
      .name = name,
      .doc = doc,
      .size = [](const Step& step) { return turned(kTurn, step.size); },
      .pixels = [](const Step&, const cv::Mat& in, cv::Mat& out) { turn_pixels(kTurn, in, out); },
      .points = [](const Step& step) -> PointMap {
        return [size = step.size](Point point) { return turned(kTurn, size, point); };
      },
      .turn = [](const Step&) -> std::optional<Turn> { return kTurn; }};
}

}  // namespace millrace::augment
