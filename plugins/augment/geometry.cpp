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

Polygon clipped_by(const Side& side, const Polygon& polygon) {
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

bool leaves(const Polygon& points, cv::Size size) {
  return std::any_of(points.begin(), points.end(),
                     [&](const Point& point) { return is_outside(point, size); });
}

// Clips what leaves the picture; false when too little is left.
bool clip(Polygon& points, cv::Size size, double min_visibility) {
  if (!leaves(points, size)) return true;
  auto rest = clipped(points, size);
  const double left = area(rest);
  if (rest.size() < 3 || !(left >= 1 && left >= min_visibility * area(points))) return false;
  points = std::move(rest);
  return true;
}

// A box on its way through a chain. Two points are opposite corners, and become two points again at
// the end only: the upright rectangle around a turned box, turned again, would be larger than the
// box ever was.
class TravellingBox {
 public:
  explicit TravellingBox(const Polygon& box)
      : is_pair_{box.size() == 2}, points_{is_pair_ ? corners(bounds_of(box)) : box} {}

  // Does one step; false when too little of the box is left.
  bool move(const PointMap& map, cv::Size size, double min_visibility) {
    if (points_.empty()) return true;
    for (auto& point : points_) point = map(point);
    if (!is_pair_) return clip(points_, size, min_visibility);
    upright_ = corners(bounds_of(points_));
    if (!clip(upright_, size, min_visibility)) return false;
    if (!leaves(points_, size)) return true;
    points_ = clipped(points_, size);
    if (points_.size() < 3) points_ = upright_;  // only the rectangle around it reaches the picture
    return true;
  }

  [[nodiscard]] Polygon points() && {
    if (!is_pair_) return std::move(points_);
    const auto bounds = bounds_of(upright_);
    return {bounds.least, bounds.most};
  }

 private:
  bool is_pair_;
  Polygon points_;   // of the box itself
  Polygon upright_;  // of a pair, after the last step: the rectangle around it
};

}  // namespace

Polygon clipped(const Polygon& polygon, cv::Size size) {
  Polygon kept = polygon;
  for (const Side& side : {Side{&Point::x, 0, -1}, Side{&Point::x, double(size.width), 1},
                           Side{&Point::y, 0, -1}, Side{&Point::y, double(size.height), 1}}) {
    kept = clipped_by(side, kept);
  }
  return kept;
}

Polygon bounding_rectangle(const Polygon& polygon) {
  return polygon.empty() ? polygon : corners(bounds_of(polygon));
}

std::optional<Polygon> moved(const Polygon& box, const PointMap& map, cv::Size size,
                             double min_visibility) {
  TravellingBox travelling{box};
  if (!travelling.move(map, size, min_visibility)) return {};
  return std::move(travelling).points();
}

std::string move_label(std::string_view label, const std::vector<Movement>& movements,
                       const BoxRules& rules, std::vector<DroppedBox>& dropped) {
  if (movements.empty() || label.empty()) return std::string{label};
  records::LabelChange change;
  change.box = [&](std::string_view name, std::string_view box_class, const Polygon& written) {
    if (written.empty()) return records::BoxFate{};
    TravellingBox box{written};
    for (const auto& movement : movements) {
      if (box.move(movement.map, movement.size, rules.min_visibility)) continue;
      dropped.push_back({std::string{name}, std::string{box_class}, movement.op});
      return records::BoxFate{.keep = false};
    }
    Polygon points = std::move(box).points();
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
