// Blurs the colours by a Gaussian; alpha stays.
#include <opencv2/imgproc.hpp>

#include "plugins/augment/alpha.hpp"
#include "plugins/augment/op.hpp"

namespace millrace::augment {
namespace {

constexpr ParamSpec kParams[] = {
    {.name = "sigma",
     .kind = ParamKind::Number,
     .doc = "Standard deviation. RADIUSxSIGMA sets the size of the kernel, 2 RADIUS + 1, too; "
            "radius 0 to 50, 0 finds it "
            "from sigma.",
     .minimum = 0.05,
     .maximum = 50,
     .unit = "pixel",
     .fallback = "[0.5,2]",
     .sizes = kRadius},
};

void pixels(const Step& step, const cv::Mat& in, cv::Mat& out) {
  const auto* size = step.args.size("sigma");
  const double sigma = size != nullptr ? size->height : step.args.number("sigma");
  const int radius = size != nullptr ? static_cast<int>(size->width) : 0;
  const int kernel = radius == 0 ? 0 : 2 * radius + 1;  // 0: by sigma
  mix_by_alpha(in, out, [&](const cv::Mat& from, cv::Mat& to) {
    cv::GaussianBlur(from, to, {kernel, kernel}, sigma, sigma, cv::BORDER_REFLECT_101);
  });
  if (in.channels() != 4) return;
  constexpr int kAlpha[] = {3, 3};
  cv::mixChannels(&in, 1, &out, 1, kAlpha, 1);
}

}  // namespace

namespace ops {
extern constinit const OpSpec blur{
    .name = "blur", .doc = "Blurs by a Gaussian.", .params = kParams, .pixels = pixels};
}  // namespace ops

}  // namespace millrace::augment
