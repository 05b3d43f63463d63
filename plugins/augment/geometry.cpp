#include "plugins/augment/geometry.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>

namespace millrace::augment {
namespace {

// Rounding in a rotation may carry a corner of the picture this far over the edge: that is not
// outside.
constexpr double kEdgeTolerance = 1e-6;  // pixels

// Also of a point that is no number: coordinates too large for a double become one.
bool is_outside(const Point& point, cv::Size size) {
  return !(point.x >= -kEdgeTolerance && point.x <= size.width + kEdgeTolerance &&
           point.y >= -kEdgeTolerance && point.y <= size.height + kEdgeTolerance);
}

// One side of the clipping rectangle: keeps what satisfies sign * (coordinate - limit) <= 0.
struct Side {
  double Point::*coordinate;
  double limit;
  double sign;

  [[nodiscard]] double distance(const Point& point) const {
    return sign * (point.*coordinate - limit);
  }
};

Point crossing(const Point& from, const Point& to, const Side& side) {
  const double before = side.distance(from), behind = side.distance(to);
  const double share = before / (before - behind);
  Point point{from.x + share * (to.x - from.x), from.y + share * (to.y - from.y)};
  point.*side.coordinate = side.limit;
  return point;
}

Polygon clipped(const Polygon& polygon, const Side& side) {
  Polygon kept;
  kept.reserve(polygon.size() + 2);
  for (std::size_t i = 0; i < polygon.size(); ++i) {
    const auto& point = polygon[i];
    const auto& last = polygon[i == 0 ? polygon.size() - 1 : i - 1];
    const bool is_in = side.distance(point) <= 0, was_in = side.distance(last) <= 0;
    if (is_in != was_in) kept.push_back(crossing(last, point, side));
    if (is_in) kept.push_back(point);
  }
  return kept;
}

struct Bounds {
  Point least, most;
};

Bounds bounds_of(const Polygon& polygon) {
  Bounds bounds{polygon.front(), polygon.front()};
  for (const auto& point : polygon) {
    bounds.least = {std::min(bounds.least.x, point.x), std::min(bounds.least.y, point.y)};
    bounds.most = {std::max(bounds.most.x, point.x), std::max(bounds.most.y, point.y)};
  }
  return bounds;
}

Polygon corners(const Bounds& b) {
  return {
      {b.least.x, b.least.y}, {b.most.x, b.least.y}, {b.most.x, b.most.y}, {b.least.x, b.most.y}};
}

}  // namespace

double area(const Polygon& polygon) {
  double twice = 0;
  for (std::size_t i = 0; i < polygon.size(); ++i) {
    const auto& a = polygon[i];
    const auto& b = polygon[i + 1 == polygon.size() ? 0 : i + 1];
    twice += a.x * b.y - b.x * a.y;
  }
  return std::abs(twice) / 2;
}

Polygon clipped(const Polygon& polygon, cv::Size size) {
  Polygon kept = polygon;
  for (const Side& side : {Side{&Point::x, 0, -1}, Side{&Point::x, double(size.width), 1},
                           Side{&Point::y, 0, -1}, Side{&Point::y, double(size.height), 1}}) {
    kept = clipped(kept, side);
  }
  return kept;
}

Polygon bounding_rectangle(const Polygon& polygon) {
  return polygon.empty() ? polygon : corners(bounds_of(polygon));
}

std::optional<Polygon> moved(const Polygon& box, const PointMap& map, cv::Size size,
                             double min_visibility) {
  if (box.empty()) return box;
  const bool is_two_point = box.size() == 2;
  Polygon points = is_two_point ? corners(bounds_of(box)) : box;
  for (auto& point : points) point = map(point);
  if (is_two_point) points = corners(bounds_of(points));

  if (std::any_of(points.begin(), points.end(),
                  [&](const auto& p) { return is_outside(p, size); })) {
    auto rest = clipped(points, size);
    const double left = area(rest);
    const bool is_enough = left >= 1 && left >= min_visibility * area(points);
    if (rest.size() < 3 || !is_enough) return {};
    points = std::move(rest);
  }
  if (!is_two_point) return points;
  const auto bounds = bounds_of(points);
  return Polygon{bounds.least, bounds.most};
}

std::string move_label(std::string_view label, const std::vector<Movement>& movements,
                       const BoxRules& rules, std::vector<DroppedBox>& dropped) {
  if (movements.empty() || label.empty()) return std::string{label};
  records::LabelChange change;
  change.box = [&](std::string_view name, std::string_view box_class, const Polygon& written) {
    if (written.empty()) return records::BoxFate{};
    Polygon points = written;
    for (const auto& movement : movements) {
      auto next = moved(points, movement.map, movement.size, rules.min_visibility);
      if (!next) {
        dropped.push_back({std::string{name}, std::string{box_class}, movement.op});
        return records::BoxFate{.keep = false};
      }
      points = *std::move(next);
    }
    if (rules.is_upright) points = bounding_rectangle(points);
    return records::BoxFate{.keep = true, .points = std::move(points)};
  };
  change.landmark = [&](Point point) {
    Point end = point;
    for (const auto& movement : movements) end = movement.map(end);
    return std::isfinite(end.x) && std::isfinite(end.y) ? end : point;
  };
  return records::rewrite_label(label, change);
}

}  // namespace millrace::augment
