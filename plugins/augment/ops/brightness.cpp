// Makes the picture brighter or darker.
#include "plugins/augment/op.hpp"

namespace millrace::augment {
namespace {

constexpr ParamSpec kParams[] = {
    {.name = "delta",
     .kind = ParamKind::Number,
     .doc = "What is added to every channel.",
     .minimum = -1,
     .maximum = 1,
     .unit = "share of the full scale",
     .fallback = "[-0.2,0.2]"},
};

void pixels(const Step& step, const cv::Mat& in, cv::Mat& out) {
  in.convertTo(out, -1, 1, step.args.number("delta") * 255);
}

}  // namespace

namespace ops {
extern constinit const OpSpec brightness{.name = "brightness",
                                         .doc = "Makes the picture brighter or darker.",
                                         .params = kParams,
                                         .keeps_alpha = true,
                                         .pixels = pixels};
}  // namespace ops

}  // namespace millrace::augment
