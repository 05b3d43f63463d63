// Shows what one JPEG compression does to the picture.
#include <array>
#include <string>

#include "plugins/augment/formats/jpeg_codec.hpp"
#include "plugins/augment/formats/jpeg_reader.hpp"
#include "plugins/augment/op.hpp"

namespace millrace::augment {
namespace {

constexpr std::array<std::string_view, 1> kAliases{"quality"};

constexpr ParamSpec kParams[] = {
    {.kind = ParamKind::Integer,
     .doc = "Quality of the JPEG.",
     .minimum = 1,
     .maximum = 100,
     .fallback = "[60,95]"},
};

void pixels(const Step& step, const cv::Mat& in, cv::Mat& out) {
  std::string why;
  JpegCodec codec;
  const auto bytes = codec.encode(in, step.args.integer("value"), why);
  if (bytes.empty() || !decode_jpeg(bytes, in.size(), out, why)) throw OpFailure{"jpeg: " + why};
}

}  // namespace

namespace ops {
extern constinit const OpSpec jpeg{.name = "jpeg",
                                   .doc =
                                       "Passes the pixels through one JPEG compression. At the end "
                                       "of a chain whose result is a JPEG it only sets the "
                                       "quality of the one encoding.",
                                   .aliases = kAliases,
                                   .params = kParams,
                                   .keeps_alpha = true,
                                   .pixels = pixels,
                                   .sets_quality_of = ImageFormat::Jpeg};
}  // namespace ops

}  // namespace millrace::augment
