#include "plugins/output/thumbnail.hpp"

#include <algorithm>
#include <memory>
#include <png.h>
#include <span>
#include <turbojpeg.h>
#include <vector>

#include "plugins/augment/formats/image_format.hpp"

namespace millrace::sheet {

namespace {

using augment::ImageFormat;

constexpr std::size_t kSmallBytes = 32u << 10;   // not worth making smaller
constexpr std::size_t kEmbedBytes = 256u << 10;  // taken as it is, at the most
constexpr std::int64_t kMaxPixels = 32'000'000;  // decoded at once: 96 MB of RGB
constexpr int kQuality = 82;

struct CloseTurbo {
  void operator()(void* handle) const { tjDestroy(handle); }
};
using Turbo = std::unique_ptr<void, CloseTurbo>;

struct Pixels {
  int width = 0, height = 0;
  std::vector<unsigned char> rgb;
};

std::optional<std::string> encode(const Pixels& pixels) {
  const Turbo turbo{tjInitCompress()};
  unsigned char* data = nullptr;
  unsigned long size = 0;
  const int failed =
      turbo ? tjCompress2(turbo.get(), pixels.rgb.data(), pixels.width, 0, pixels.height, TJPF_RGB,
                          &data, &size, TJSAMP_420, kQuality, TJFLAG_FASTDCT)
            : -1;
  std::optional<std::string> encoded;
  if (failed == 0) encoded.emplace(reinterpret_cast<const char*>(data), size);
  tjFree(data);
  return encoded;
}

// Decodes at the smallest of the codec's scales that is not below `side`.
std::optional<Pixels> decode_jpeg(std::string_view bytes, int side) {
  const Turbo turbo{tjInitDecompress()};
  const auto* data = reinterpret_cast<const unsigned char*>(bytes.data());
  int width = 0, height = 0, sampling = 0, colours = 0;
  if (!turbo || tjDecompressHeader3(turbo.get(), data, bytes.size(), &width, &height, &sampling,
                                    &colours) != 0) {
    return std::nullopt;
  }
  int count = 0;
  const tjscalingfactor* factors = tjGetScalingFactors(&count);
  Pixels pixels{width, height, {}};
  for (const auto& factor : std::span{factors, static_cast<std::size_t>(count)}) {
    const int scaled_width = TJSCALED(width, factor), scaled_height = TJSCALED(height, factor);
    const bool is_enough = std::max(scaled_width, scaled_height) >= side;
    if (is_enough && scaled_width < pixels.width) pixels = {scaled_width, scaled_height, {}};
  }
  if (std::int64_t{pixels.width} * pixels.height > kMaxPixels) return std::nullopt;
  pixels.rgb.resize(static_cast<std::size_t>(pixels.width) *
                    static_cast<std::size_t>(pixels.height) * 3);
  const int failed = tjDecompress2(turbo.get(), data, bytes.size(), pixels.rgb.data(), pixels.width,
                                   0, pixels.height, TJPF_RGB, TJFLAG_FASTUPSAMPLE);
  // A picture that ends early is shown as far as it goes, as browsers do.
  if (failed != 0 && tjGetErrorCode(turbo.get()) == TJERR_FATAL) return std::nullopt;
  return pixels;
}

std::optional<Pixels> decode_png(std::string_view bytes) {
  png_image image{};
  image.version = PNG_IMAGE_VERSION;
  if (png_image_begin_read_from_memory(&image, bytes.data(), bytes.size()) == 0)
    return std::nullopt;
  const std::unique_ptr<png_image, decltype(&png_image_free)> freeing{&image, png_image_free};
  if (std::int64_t{image.width} * image.height > kMaxPixels) return std::nullopt;
  image.format = PNG_FORMAT_RGB;
  Pixels pixels{static_cast<int>(image.width), static_cast<int>(image.height), {}};
  pixels.rgb.resize(PNG_IMAGE_SIZE(image));
  png_color background{255, 255, 255};
  if (png_image_finish_read(&image, &background, pixels.rgb.data(), 0, nullptr) == 0)
    return std::nullopt;
  return pixels;
}

// Averages squares of as many pixels as the picture is too large.
Pixels averaged(const Pixels& pixels, int side) {
  const int square = std::max(pixels.width, pixels.height) / side;
  if (square < 2) return pixels;
  Pixels small{std::max(pixels.width / square, 1), std::max(pixels.height / square, 1), {}};
  small.rgb.reserve(static_cast<std::size_t>(small.width) * static_cast<std::size_t>(small.height) *
                    3);
  for (int y = 0; y < small.height; ++y) {
    for (int x = 0; x < small.width; ++x) {
      const int right = std::min((x + 1) * square, pixels.width),
                bottom = std::min((y + 1) * square, pixels.height);
      for (int channel = 0; channel < 3; ++channel) {
        unsigned sum = 0, count = 0;
        for (int v = y * square; v < bottom; ++v) {
          for (int u = x * square; u < right; ++u, ++count) {
            sum +=
                pixels.rgb[(static_cast<std::size_t>(v) * static_cast<std::size_t>(pixels.width) +
                            static_cast<std::size_t>(u)) *
                               3 +
                           static_cast<std::size_t>(channel)];
          }
        }
        small.rgb.push_back(static_cast<unsigned char>((sum + count / 2) / std::max(count, 1u)));
      }
    }
  }
  return small;
}

std::string_view media_type(ImageFormat format) {
  switch (format) {
    case ImageFormat::Jpeg:
      return "image/jpeg";
    case ImageFormat::Png:
      return "image/png";
    case ImageFormat::Gif:
      return "image/gif";
    case ImageFormat::Webp:
      return "image/webp";
    case ImageFormat::Bmp:
      return "image/bmp";
    case ImageFormat::Tiff:
      return {};  // browsers do not show it
  }
  return {};
}

}  // namespace

std::optional<Thumbnail> make_thumbnail(std::string_view bytes, int side, NoThumbnail& why) {
  const auto format = augment::sniff_format(bytes);
  const auto extent = format ? augment::read_extent(bytes, *format) : std::nullopt;
  if (!extent || extent->width < 1 || extent->height < 1) {
    why.reason = "not a picture that can be shown";
    return std::nullopt;
  }
  Thumbnail made{extent->width, extent->height, std::string{media_type(*format)}, {}};
  const bool is_small =
      bytes.size() <= kSmallBytes && std::max(extent->width, extent->height) <= 2 * side;
  if (!is_small && (*format == ImageFormat::Jpeg || *format == ImageFormat::Png)) {
    auto pixels = *format == ImageFormat::Jpeg ? decode_jpeg(bytes, side) : decode_png(bytes);
    if (auto encoded = pixels ? encode(averaged(*pixels, side)) : std::nullopt) {
      made.media_type = "image/jpeg";
      made.bytes = *std::move(encoded);
      return made;
    }
  }
  if (made.media_type.empty() || bytes.size() > kEmbedBytes) {
    why.reason = std::string{augment::to_string(*format)} + " of " +
                 std::to_string(bytes.size() / 1024) + " KiB, which this page cannot show";
    return std::nullopt;
  }
  made.bytes = bytes;
  return made;
}

}  // namespace millrace::sheet
