// Spreads the values about mid grey, or draws them together.
#include "plugins/augment/op.hpp"

namespace millrace::augment {
namespace {

constexpr double kMidGrey = 127.5;

constexpr ParamSpec kParams[] = {
    {.name = "factor",
     .kind = ParamKind::Number,
     .doc = "By what the distance of every value from mid grey is multiplied.",
     .minimum = 0,
     .maximum = 4,
     .fallback = "[0.8,1.2]"},
};

void pixels(const Step& step, const cv::Mat& in, cv::Mat& out) {
  const double factor = step.args.number("factor");
  in.convertTo(out, -1, factor, kMidGrey * (1 - factor));
}

}  // namespace

namespace ops {
extern constinit const OpSpec contrast{.name = "contrast",
                                       .doc = "Changes the contrast about mid grey.",
                                       .params = kParams,
                                       .keeps_alpha = true,
                                       .pixels = pixels};
}  // namespace ops

}  // namespace millrace::augment
