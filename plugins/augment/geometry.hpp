#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <opencv2/core.hpp>

#include "plugins/augment/op.hpp"
#include "plugins/augment/polygon_area.hpp"
#include "plugins/records/labels.hpp"

namespace millrace::augment {

using records::Polygon;

/// How boxes follow a picture: settings of the job.
struct BoxRules {
  double min_visibility = 0.1;  // share of its area that a clipped box must keep
  bool is_upright = false;      // every moved box becomes its upright bounding rectangle, 4 points
};

/// Returns the part of a polygon of 3 or more points that lies in [0,width]x[0,height] (Sutherland
/// and Hodgman, 1974); less than 3 points when nothing does.
Polygon clipped(const Polygon& polygon, cv::Size size);

/// Returns the corners of the upright bounding rectangle, from the top left one clockwise.
Polygon bounding_rectangle(const Polygon& polygon);

/// Moves a box through one operation whose result has `size`, and clips it when a point lies
/// outside. Two points are opposite corners and stay two. Empty when too little of the box is left.
std::optional<Polygon> moved(const Polygon& box, const PointMap& map, cv::Size size,
                             double min_visibility);

/// One operation of a chain that moves points.
struct Movement {
  std::string_view op;  // its name
  PointMap map;
  cv::Size size;  // of its result
};

/// A box that went, for the record log.
struct DroppedBox {
  std::string label, box_class;
  std::string_view op;
};

/// Returns the raw JSON of `label` after all movements; unchanged when there are none. Dropped
/// boxes are appended.
std::string move_label(std::string_view label, const std::vector<Movement>& movements,
                       const BoxRules& rules, std::vector<DroppedBox>& dropped);

}  // namespace millrace::augment
