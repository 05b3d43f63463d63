// Adds Gaussian noise.
#include <array>
#include <vector>

#include "plugins/augment/op.hpp"

namespace millrace::augment {
namespace {

constexpr std::array<std::string_view, 1> kAliases{"gauss-noise"};

constexpr ParamSpec kParams[] = {
    {.name = "sigma",
     .kind = ParamKind::Number,
     .doc = "Standard deviation, of values from 0 to 255.",
     .minimum = 0,
     .maximum = 100,
     .fallback = "[5,15]"},
    {.name = "per-channel",
     .kind = ParamKind::Integer,
     .doc = "1: every channel has noise of its own. 0: the noise is grey.",
     .minimum = 0,
     .maximum = 1,
     .fallback = "1",
     .keyed = true},
};

void pixels(const Step& step, const cv::Mat& in, cv::Mat& out) {
  auto rng = step.rng();
  const int channels = step.args.flag("per-channel") ? in.channels() : 1;
  // 16 bits with a sign hold ten times the largest sigma.
  cv::Mat noise{in.size(), CV_16SC(channels)};
  rng.fill(noise, cv::RNG::NORMAL, 0, step.args.number("sigma"));
  if (channels != in.channels()) cv::merge(std::vector<cv::Mat>(in.channels(), noise), noise);
  cv::add(in, noise, out, cv::noArray(), CV_8U);
}

}  // namespace

namespace ops {
extern constinit const OpSpec noise{.name = "noise",
                                    .doc = "Adds Gaussian noise.",
                                    .aliases = kAliases,
                                    .params = kParams,
                                    .draws = true,
                                    .keeps_alpha = true,
                                    .pixels = pixels};
}  // namespace ops

}  // namespace millrace::augment
