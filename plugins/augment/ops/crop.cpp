// Cuts out a rectangle of fixed size.
#include <algorithm>
#include <array>
#include <string>

#include "plugins/augment/op.hpp"

namespace millrace::augment {
namespace {

constexpr std::array<std::string_view, 9> kGravities{
    "NorthWest", "North", "NorthEast", "West", "Center", "East", "SouthWest", "South", "SouthEast"};

constexpr ParamSpec kParams[] = {
    {.kind = ParamKind::Size,
     .doc = "Size of the rectangle.",
     .unit = "pixel",
     .sizes = kBothSides},
    {.name = "gravity",
     .kind = ParamKind::Word,
     .doc = "Side or corner of the picture at which the rectangle lies.",
     .fallback = "NorthWest",
     .keyed = true,
     .words = kGravities},
    {.name = "x",
     .kind = ParamKind::Integer,
     .doc = "How far the rectangle is moved inwards from there; to the right in the middle.",
     .minimum = 0,
     .maximum = 30'000,
     .unit = "pixel",
     .fallback = "0",
     .keyed = true},
    {.name = "y",
     .kind = ParamKind::Integer,
     .doc = "The same, vertically; downwards in the middle.",
     .minimum = 0,
     .maximum = 30'000,
     .unit = "pixel",
     .fallback = "0",
     .keyed = true},
};

// Where along one axis a part begins: at the near side, in the middle, or at the far side.
int begin_of(std::size_t third, int whole, int part, int inwards) {
  if (third == 0) return inwards;
  if (third == 2) return whole - part - inwards;
  const int rest = whole - part;
  return (rest >= 0 ? rest / 2 : -((1 - rest) / 2)) + inwards;  // rounded down
}

// The rectangle less what overhangs the picture.
cv::Rect rectangle(const Step& step) {
  const auto& wanted = *step.args.size("value");
  const int width = static_cast<int>(wanted.width), height = static_cast<int>(wanted.height);
  const auto place = static_cast<std::size_t>(
      std::find(kGravities.begin(), kGravities.end(), step.args.word("gravity")) -
      kGravities.begin());
  const cv::Rect whole{{0, 0}, step.size};
  const cv::Rect cut =
      whole & cv::Rect{begin_of(place % 3, step.size.width, width, step.args.integer("x")),
                       begin_of(place / 3, step.size.height, height, step.args.integer("y")), width,
                       height};
  if (cut.empty()) {
    throw OpFailure{"crop: nothing of the rectangle lies inside the picture of " +
                    std::to_string(step.size.width) + "x" + std::to_string(step.size.height)};
  }
  return cut;
}

cv::Size result_size(const Step& step) { return rectangle(step).size(); }

void pixels(const Step& step, const cv::Mat& in, cv::Mat& out) { out = in(rectangle(step)); }

PointMap points(const Step& step) {
  return [corner = rectangle(step).tl()](Point p) { return Point{p.x - corner.x, p.y - corner.y}; };
}

}  // namespace

namespace ops {
extern constinit const OpSpec crop{
    .name = "crop",
    .doc = "Cuts out a rectangle. What overhangs the picture is cut off.",
    .params = kParams,
    .size = result_size,
    .pixels = pixels,
    .points = points};
}  // namespace ops

}  // namespace millrace::augment
