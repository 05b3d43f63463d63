// Scales the picture to another size.
#include <algorithm>
#include <array>
#include <cmath>

#include <opencv2/imgproc.hpp>

#include "plugins/augment/alpha.hpp"
#include "plugins/augment/op.hpp"

namespace millrace::augment {
namespace {

constexpr std::array<std::string_view, 1> kAliases{"thumbnail"};
constexpr std::array<std::string_view, 5> kInterpolations{"linear", "area", "cubic", "nearest",
                                                          "lanczos"};

constexpr ParamSpec kParams[] = {
    {.kind = ParamKind::Size,
     .doc = "New size. WxH fits inside and keeps the aspect, WxH! does not; one side alone decides "
            "the other; 50p is half.",
     .unit = "pixel",
     .sizes = kBothSides | kForced | kOneSide | kPercent},
    {.name = "interp",
     .kind = ParamKind::Word,
     .doc = "Interpolation; when absent area for shrinking, else linear.",
     .optional = true,
     .keyed = true,
     .words = kInterpolations},
};

cv::Size result_size(const Step& step) {
  using Form = PixelSize::Form;
  const auto& wanted = *step.args.size("value");
  if (wanted.form == Form::Force)
    return {static_cast<int>(wanted.width), static_cast<int>(wanted.height)};
  const double by_width = wanted.width / step.size.width,
               by_height = wanted.height / step.size.height;
  double factor = wanted.width / 100;  // of Percent
  if (wanted.form == Form::Fit) factor = std::min(by_width, by_height);
  if (wanted.form == Form::Width) factor = by_width;
  if (wanted.form == Form::Height) factor = by_height;
  const auto scaled = [&](int side) {
    return static_cast<int>(std::max<long>(1, std::lround(side * factor)));
  };
  return {scaled(step.size.width), scaled(step.size.height)};
}

int interpolation(const Step& step, cv::Size size) {
  if (!step.args.has("interp")) {
    const bool is_shrinking = size.width <= step.size.width && size.height <= step.size.height;
    return is_shrinking ? cv::INTER_AREA : cv::INTER_LINEAR;
  }
  const auto word = step.args.word("interp");
  if (word == "area") return cv::INTER_AREA;
  if (word == "cubic") return cv::INTER_CUBIC;
  // INTER_NEAREST takes the pixel at the corner, half a pixel off the edge coordinates of labels.
  if (word == "nearest") return cv::INTER_NEAREST_EXACT;
  if (word == "lanczos") return cv::INTER_LANCZOS4;
  return cv::INTER_LINEAR;
}

void pixels(const Step& step, const cv::Mat& in, cv::Mat& out) {
  const auto size = result_size(step);
  const int way = interpolation(step, size);
  const auto resize = [&](const cv::Mat& from, cv::Mat& to) {
    cv::resize(from, to, size, 0, 0, way);
  };
  if (way == cv::INTER_NEAREST_EXACT) return resize(in, out);  // mixes nothing
  mix_by_alpha(in, out, resize);
}

PointMap points(const Step& step) {
  return [from = step.size, to = result_size(step)](Point p) {
    return Point{p.x * to.width / from.width, p.y * to.height / from.height};
  };
}

}  // namespace

namespace ops {
extern constinit const OpSpec resize{.name = "resize",
                                     .doc = "Scales the picture.",
                                     .aliases = kAliases,
                                     .params = kParams,
                                     .size = result_size,
                                     .pixels = pixels,
                                     .points = points};
}  // namespace ops

}  // namespace millrace::augment
