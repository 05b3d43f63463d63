#pragma once

#include <cstdint>
#include <string_view>

#include "engine/base/json.hpp"
#include "engine/base/result.hpp"

namespace millrace {

/// One point of a curve that an operator tells of: the loss after a step. The texts live as long as
/// the call.
struct MetricPoint {
  static constexpr std::size_t kMaxNameBytes = 128;

  std::string_view name;
  std::int64_t step = 0;
  double value = 0;
};

/// InvalidArgument for a name that is not 1 to kMaxNameBytes letters, digits and "_-./", and for a
/// step below 0.
Result<void> check_metric(const MetricPoint& point);

/// Returns a point as the journal and events hold it: {"node", "name", "step", "value"}. A value
/// that JSON cannot write is the text "NaN", "Infinity" or "-Infinity", as that it became so is
/// what a reader of the curve must learn.
Json metric_json(std::string_view node, const MetricPoint& point);

}  // namespace millrace
