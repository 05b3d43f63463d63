#include "engine/plugin/metric.hpp"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

namespace millrace {
namespace {

bool is_allowed(char letter) {
  return (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') ||
         (letter >= '0' && letter <= '9') ||
         std::string_view{"_-./"}.find(letter) != std::string_view::npos;
}

Json value_json(double value) {
  if (std::isfinite(value)) return value;
  if (std::isnan(value)) return "NaN";
  return value > 0 ? "Infinity" : "-Infinity";
}

}  // namespace

Result<void> check_metric(const MetricPoint& point) {
  const auto& name = point.name;
  if (name.empty() || name.size() > MetricPoint::kMaxNameBytes ||
      !std::all_of(name.begin(), name.end(), is_allowed)) {
    return Error{
        Code::InvalidArgument,
        fmt::format("metric: a name must be 1 to {} letters, digits and \"_-./\": {}",
                    MetricPoint::kMaxNameBytes, name.substr(0, 2 * MetricPoint::kMaxNameBytes))};
  }
  if (point.step < 0) {
    return Error{Code::InvalidArgument,
                 fmt::format("metric: a step must be 0 or more: {} of {}", point.step, name)};
  }
  return {};
}

Json metric_json(std::string_view node, const MetricPoint& point) {
  return Json{{"node", node},
              {"name", point.name},
              {"step", point.step},
              {"value", value_json(point.value)}};
}

}  // namespace millrace
