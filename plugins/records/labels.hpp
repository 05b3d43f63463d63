#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace millrace::records {

/// A point in pixels, origin at the top left corner, in the edge convention: the image covers
/// [0,W]x[0,H].
struct Point {
  double x = 0;
  double y = 0;
  bool operator==(const Point&) const = default;
};

/// Corners as written: two points are opposite corners of an upright rectangle, three or more a
/// polygon in order.
using Polygon = std::vector<Point>;

/// Returns what is wrong with the raw JSON of a label, or nothing. Valid JSON is taken for granted.
std::optional<std::string> check_label(std::string_view label, bool accept_label_array = true);

/// Receives what a label holds, in the order written; views live during the call. Both shapes of
/// labels, the object and the array, look the same here. A name that the text gives twice comes
/// twice.
class LabelVisitor {
 public:
  virtual ~LabelVisitor() = default;
  virtual void classification(std::string_view /*name*/, std::string_view /*value*/) {}
  /// A detection label, before its boxes (which may be none).
  virtual void detection(std::string_view /*name*/) {}
  /// `pts` is the raw JSON of the points, empty when the box has none.
  virtual void box(std::string_view /*name*/, std::string_view /*box_class*/,
                   std::string_view /*pts*/) {}
  virtual void facecluster(std::string_view /*id*/) {}
};
void visit_labels(std::string_view label, LabelVisitor& visitor);

/// Reads points from raw JSON ([[x,y],...]). Empty when it is none.
Polygon read_points(std::string_view pts);

/// The whole label at once, for those who do not mind the copies.
struct Box {
  std::string box_class;
  Polygon points;
};
struct Labels {
  struct Classification {
    std::string name, value;
  };
  struct Detection {
    std::string name;
    std::vector<Box> boxes;
  };
  std::vector<Classification> classes;
  std::vector<Detection> detections;
  std::optional<std::string> facecluster;
};
Labels read_labels(std::string_view label);

/// What becomes of one box.
struct BoxFate {
  bool keep = true;
  std::optional<Polygon> points{};  // absent: the points stay as they are, byte for byte
};

/// How a label's geometry changes. `name` is the label's ("general_d"; empty for faces of the array
/// shape).
struct LabelChange {
  /// Called for every box, in order; points as written, so a two-point box comes with two points
  /// and is written with as many as are returned. A box without points comes with none. Not called
  /// when null.
  std::function<BoxFate(std::string_view name, std::string_view box_class, const Polygon& points)>
      box;
  /// Called for the landmarks of a face that is kept. Landmarks stay when null.
  std::function<Point(Point)> landmark;
};

/// Returns the raw JSON of the label after `change`. Everything else keeps its bytes and order;
/// coordinates are written as integers where integral, else rounded to two decimals. A detection
/// whose boxes all went stays, with an empty list.
std::string rewrite_label(std::string_view label, const LabelChange& change);

/// Appends a number by the rule of coordinates: integral as an integer, else two decimals at the
/// most.
void append_coordinate(std::string& out, double value);

}  // namespace millrace::records
