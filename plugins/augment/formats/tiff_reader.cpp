#include "plugins/augment/formats/tiff_reader.hpp"

#include <algorithm>
#include <array>
#include <cstdarg>
#include <cstdio>
#include <cstring>
#include <memory>
#include <tiffio.h>
#include <vector>

namespace millrace::augment {
namespace {

constexpr tmsize_t kMaxMemory = tmsize_t{1} << 30;  // of one piece, in bytes

struct Input {
  std::string_view bytes;
  std::size_t at = 0;
  std::array<char, 160> error{};
};

Input& input_of(thandle_t handle) { return *static_cast<Input*>(handle); }

tmsize_t read_input(thandle_t handle, void* buffer, tmsize_t wanted) {
  auto& input = input_of(handle);
  const auto rest = input.bytes.size() - std::min(input.at, input.bytes.size());
  const auto size = std::min(rest, static_cast<std::size_t>(std::max<tmsize_t>(wanted, 0)));
  std::memcpy(buffer, input.bytes.data() + (input.bytes.size() - rest), size);
  input.at += size;
  return static_cast<tmsize_t>(size);
}

tmsize_t refuse_write(thandle_t, void*, tmsize_t) { return -1; }

toff_t seek_input(thandle_t handle, toff_t offset, int whence) {
  auto& input = input_of(handle);
  const std::size_t base = whence == SEEK_CUR   ? input.at
                           : whence == SEEK_END ? input.bytes.size()
                                                : 0;
  input.at = base + offset;
  return input.at;
}

int close_input(thandle_t) { return 0; }
toff_t size_of_input(thandle_t handle) { return input_of(handle).bytes.size(); }
int refuse_map(thandle_t, void**, toff_t*) { return 0; }
void forget_map(thandle_t, void*, toff_t) {}

// Keeps the first error; returns 1: it has been dealt with.
[[gnu::format(printf, 4, 0)]] int on_error(TIFF*, void* user, const char*, const char* format,
                                           std::va_list arguments) {
  auto& error = static_cast<Input*>(user)->error;
  if (error[0] == '\0') std::vsnprintf(error.data(), error.size(), format, arguments);
  return 1;
}

[[gnu::format(printf, 4, 0)]] int on_warning(TIFF*, void*, const char*, const char*, std::va_list) {
  return 1;
}

struct CloseTiff {
  void operator()(TIFF* tiff) const { TIFFClose(tiff); }
};
using Tiff = std::unique_ptr<TIFF, CloseTiff>;

Tiff open(Input& input) {
  const std::unique_ptr<TIFFOpenOptions, decltype(&TIFFOpenOptionsFree)> options{
      TIFFOpenOptionsAlloc(), TIFFOpenOptionsFree};
  TIFFOpenOptionsSetMaxSingleMemAlloc(options.get(), kMaxMemory);
  TIFFOpenOptionsSetErrorHandlerExtR(options.get(), on_error, &input);
  TIFFOpenOptionsSetWarningHandlerExtR(options.get(), on_warning, nullptr);
  return Tiff{TIFFClientOpenExt("picture", "rm", &input, read_input, refuse_write, seek_input,
                                close_input, size_of_input, refuse_map, forget_map, options.get())};
}

struct Layout {
  std::uint16_t samples = 1, bits = 1, photometric = PHOTOMETRIC_MINISBLACK,
                orientation = ORIENTATION_TOPLEFT;
  std::uint16_t extra_samples = 0;

  [[nodiscard]] bool is_grey() const {
    return samples == 1 &&
           (photometric == PHOTOMETRIC_MINISBLACK || photometric == PHOTOMETRIC_MINISWHITE);
  }
};

Layout layout_of(TIFF* tiff) {
  Layout layout;
  std::uint16_t* kinds = nullptr;
  TIFFGetFieldDefaulted(tiff, TIFFTAG_SAMPLESPERPIXEL, &layout.samples);
  TIFFGetFieldDefaulted(tiff, TIFFTAG_BITSPERSAMPLE, &layout.bits);
  TIFFGetField(tiff, TIFFTAG_PHOTOMETRIC, &layout.photometric);
  TIFFGetFieldDefaulted(tiff, TIFFTAG_ORIENTATION, &layout.orientation);
  TIFFGetFieldDefaulted(tiff, TIFFTAG_EXTRASAMPLES, &layout.extra_samples, &kinds);
  return layout;
}

// libtiff packs a pixel into 32 bits, red lowest.
void unpack(const std::vector<std::uint32_t>& raster, int channels, cv::Mat& out) {
  for (int y = 0; y < out.rows; ++y) {
    const auto* from =
        raster.data() + static_cast<std::size_t>(y) * static_cast<std::size_t>(out.cols);
    auto* to = out.ptr(y);
    for (int x = 0; x < out.cols; ++x, to += channels) {
      if (channels == 1) {
        to[0] = static_cast<uchar>(TIFFGetR(from[x]));
        continue;
      }
      to[0] = static_cast<uchar>(TIFFGetB(from[x]));
      to[1] = static_cast<uchar>(TIFFGetG(from[x]));
      to[2] = static_cast<uchar>(TIFFGetR(from[x]));
      if (channels == 4) to[3] = static_cast<uchar>(TIFFGetA(from[x]));
    }
  }
}

}  // namespace

bool decode_tiff(std::string_view bytes, cv::Size size, cv::Mat& out, std::string& why) {
  Input input{bytes};
  const auto tiff = open(input);
  std::uint32_t width = 0, height = 0;
  const auto refuse = [&](const char* otherwise) {
    why = input.error[0] != '\0' ? input.error.data() : otherwise;
    return false;
  };
  if (!tiff || TIFFGetField(tiff.get(), TIFFTAG_IMAGEWIDTH, &width) != 1 ||
      TIFFGetField(tiff.get(), TIFFTAG_IMAGELENGTH, &height) != 1) {
    return refuse("the TIFF is broken");
  }
  if (width != static_cast<std::uint32_t>(size.width) ||
      height != static_cast<std::uint32_t>(size.height)) {
    return refuse("the TIFF tells two sizes");
  }
  const auto layout = layout_of(tiff.get());
  const int channels = layout.is_grey() ? 1 : layout.extra_samples > 0 ? 4 : 3;
  std::vector<std::uint32_t> raster(std::size_t{width} * height);
  // Asked for in the file's own orientation, pixels come as they are stored; an error stops the
  // reading.
  if (layout.bits > 16 || TIFFReadRGBAImageOriented(tiff.get(), width, height, raster.data(),
                                                    layout.orientation, 1) != 1) {
    return refuse("only 8 and 16 bits a channel are supported");
  }
  out.create(size, CV_8UC(channels));
  unpack(raster, channels, out);
  return true;
}

}  // namespace millrace::augment
