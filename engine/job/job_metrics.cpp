#include "engine/job/job_metrics.hpp"

#include <utility>

#include <fmt/format.h>

namespace millrace {

Result<std::optional<Json>> JobMetrics::add(std::string_view node, const MetricPoint& point,
                                            Clock::Steady now) {
  auto key = fmt::format("{}\n{}", node, point.name);  // no name has a line feed
  auto found = curves_.find(key);
  if (found == curves_.end()) {
    if (curves_.size() >= kMostCurves) {
      return Error{Code::Exhausted, fmt::format("metric: more than {} curves of one job: {}",
                                                kMostCurves, point.name)};
    }
    found = curves_.emplace(std::move(key), Curve{}).first;
  }
  Curve& curve = found->second;
  Json told = metric_json(node, point);
  if (curve.waiting) ++curve.passed_over;
  curve.waiting.reset();
  if (!credit_.take(now)) {
    curve.waiting = std::move(told);
    return std::optional<Json>{};
  }
  if (curve.passed_over > 0) told["passed_over"] = std::exchange(curve.passed_over, 0);
  return std::optional<Json>{std::move(told)};
}

std::vector<Json> JobMetrics::take_waiting() {
  std::vector<Json> waiting;
  for (auto& [key, curve] : curves_) {
    if (!curve.waiting) continue;
    if (curve.passed_over > 0)
      (*curve.waiting)["passed_over"] = std::exchange(curve.passed_over, 0);
    waiting.push_back(*std::exchange(curve.waiting, std::nullopt));
  }
  return waiting;
}

}  // namespace millrace
