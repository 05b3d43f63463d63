#include "plugins/augment/polygon_area.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <utility>
#include <vector>

namespace millrace::augment {
namespace {

using records::Point;
using records::Polygon;

constexpr int kLines = 512;
// Pairs of sides that are looked at, for each side; more overlap only where sides are long and
// many, and then lines are quicker.
constexpr std::size_t kPairsOfSide = 256;

double cross(const Point& o, const Point& a, const Point& b) {
  return (a.x - o.x) * (b.y - o.y) - (a.y - o.y) * (b.x - o.x);
}

double signed_area(const Polygon& polygon) {
  double twice = 0;
  for (std::size_t i = 0; i < polygon.size(); ++i) {
    const auto& a = polygon[i];
    const auto& b = polygon[i + 1 == polygon.size() ? 0 : i + 1];
    twice += a.x * b.y - b.x * a.y;
  }
  return twice / 2;
}

struct PolygonSide {
  Point from, to;
  [[nodiscard]] double left() const { return std::min(from.x, to.x); }
  [[nodiscard]] double right() const { return std::max(from.x, to.x); }
};

std::vector<PolygonSide> sides_of(const Polygon& polygon) {
  std::vector<PolygonSide> sides;
  sides.reserve(polygon.size());
  for (std::size_t i = 0; i < polygon.size(); ++i)
    sides.push_back({polygon[i], polygon[i + 1 == polygon.size() ? 0 : i + 1]});
  return sides;
}

// Touching is not crossing: a clipped polygon runs along the edge of the picture more than once.
bool is_crossing(const PolygonSide& a, const PolygonSide& b) {
  return cross(a.from, a.to, b.from) * cross(a.from, a.to, b.to) < 0 &&
         cross(b.from, b.to, a.from) * cross(b.from, b.to, a.to) < 0;
}

// Also where it would take too long to tell.
bool may_cross_itself(const Polygon& polygon) {
  if (polygon.size() < 4) return false;
  auto sides = sides_of(polygon);
  std::sort(sides.begin(), sides.end(),
            [](const PolygonSide& a, const PolygonSide& b) { return a.left() < b.left(); });
  std::size_t pairs = kPairsOfSide * sides.size();
  for (std::size_t i = 0; i < sides.size(); ++i) {
    for (std::size_t j = i + 1; j < sides.size() && sides[j].left() <= sides[i].right(); ++j) {
      if (pairs-- == 0 || is_crossing(sides[i], sides[j])) return true;
    }
  }
  return false;
}

// Returns the length of a horizontal line's part that the polygon winds around.
double inside(const std::vector<PolygonSide>& sides, double y,
              std::vector<std::pair<double, int>>& crossings) {
  crossings.clear();
  for (const PolygonSide& side : sides) {
    if ((side.from.y <= y) == (side.to.y <= y)) continue;
    const double share = (y - side.from.y) / (side.to.y - side.from.y);
    crossings.emplace_back(side.from.x + share * (side.to.x - side.from.x),
                           side.from.y < side.to.y ? 1 : -1);
  }
  std::sort(crossings.begin(), crossings.end());
  double length = 0;
  int winding = 0;
  for (std::size_t i = 0; i + 1 < crossings.size(); ++i) {
    winding += crossings[i].second;
    if (winding != 0) length += crossings[i + 1].first - crossings[i].first;
  }
  return length;
}

double area_by_lines(const Polygon& polygon) {
  const auto [lowest, highest] = std::minmax_element(
      polygon.begin(), polygon.end(), [](const Point& a, const Point& b) { return a.y < b.y; });
  const double top = lowest->y, step = (highest->y - top) / kLines;
  const auto sides = sides_of(polygon);
  std::vector<std::pair<double, int>> crossings;
  double sum = 0;
  for (int line = 0; line < kLines; ++line)
    sum += inside(sides, top + (line + 0.5) * step, crossings);
  return sum * step;
}

}  // namespace

double area(const Polygon& polygon) {
  const double plain = std::abs(signed_area(polygon));
  return std::isfinite(plain) && may_cross_itself(polygon) ? area_by_lines(polygon) : plain;
}

}  // namespace millrace::augment
