#include "plugins/augment/formats/tiff_reader.hpp"

#include <algorithm>
#include <array>
#include <cstdarg>
#include <cstdio>
#include <cstring>
#include <memory>
#include <tiffio.h>
#include <vector>

// Samples are read as they stand in the file wherever they are grey, red, green and blue, or places
// in a palette. TIFFReadRGBAImage(), which reads everything else, multiplies colours by alpha, so
// that they come out darker, and cuts 16 bits to the upper 8, of which PNG and the other readers
// round.

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
                orientation = ORIENTATION_TOPLEFT, planes = PLANARCONFIG_CONTIG,
                sample_format = SAMPLEFORMAT_UINT;
  std::uint16_t extra_samples = 0;
  bool is_weighted = false;  // colours are multiplied by alpha

  [[nodiscard]] bool is_grey() const {
    return photometric == PHOTOMETRIC_MINISBLACK || photometric == PHOTOMETRIC_MINISWHITE;
  }
  [[nodiscard]] bool has_palette() const { return photometric == PHOTOMETRIC_PALETTE; }
  // Samples of a pixel that are its colour.
  [[nodiscard]] int colours() const { return photometric == PHOTOMETRIC_RGB ? 3 : 1; }
  [[nodiscard]] bool has_alpha() const {
    return extra_samples > 0 && samples > colours() && !has_palette();
  }
  // Whether its samples are read as they are. Others are inks, differences of colours and the like,
  // of which the library makes colours.
  [[nodiscard]] bool is_plain() const {
    const bool is_packed = bits == 1 || bits == 2 || bits == 4;
    return (is_grey() || has_palette() || photometric == PHOTOMETRIC_RGB) &&
           (bits == 8 || bits == 16 || (is_packed && samples == 1)) && samples >= colours() &&
           samples <= 16 && sample_format == SAMPLEFORMAT_UINT;
  }
};

Layout layout_of(TIFF* tiff) {
  Layout layout;
  std::uint16_t* kinds = nullptr;
  TIFFGetFieldDefaulted(tiff, TIFFTAG_SAMPLESPERPIXEL, &layout.samples);
  TIFFGetFieldDefaulted(tiff, TIFFTAG_BITSPERSAMPLE, &layout.bits);
  if (TIFFGetField(tiff, TIFFTAG_PHOTOMETRIC, &layout.photometric) != 1 && layout.samples >= 3)
    layout.photometric = PHOTOMETRIC_RGB;
  TIFFGetFieldDefaulted(tiff, TIFFTAG_ORIENTATION, &layout.orientation);
  TIFFGetFieldDefaulted(tiff, TIFFTAG_PLANARCONFIG, &layout.planes);
  TIFFGetFieldDefaulted(tiff, TIFFTAG_SAMPLEFORMAT, &layout.sample_format);
  if (layout.sample_format == SAMPLEFORMAT_VOID) layout.sample_format = SAMPLEFORMAT_UINT;
  TIFFGetFieldDefaulted(tiff, TIFFTAG_EXTRASAMPLES, &layout.extra_samples, &kinds);
  layout.is_weighted = layout.extra_samples > 0 && kinds[0] == EXTRASAMPLE_ASSOCALPHA;
  return layout;
}

// v * 255 / most, rounded.
std::uint8_t to_byte(unsigned value, unsigned most) {
  return static_cast<std::uint8_t>((value * 255u + most / 2) / most);
}

// Reads single samples out of a row that the library has decoded.
class SampleRow {
 public:
  SampleRow(const std::uint8_t* row, int bits) : row_{row}, bits_{bits} {}
  [[nodiscard]] unsigned operator[](std::size_t place) const {
    if (bits_ == 8) return row_[place];
    if (bits_ == 16) {
      std::uint16_t value = 0;  // in the order of this machine
      std::memcpy(&value, row_ + 2 * place, sizeof value);
      return value;
    }
    const std::size_t bit = place * static_cast<std::size_t>(bits_);
    return (unsigned{row_[bit / 8]} >> (8 - bits_ - static_cast<int>(bit % 8))) &
           ((1u << bits_) - 1);
  }

 private:
  const std::uint8_t* row_;
  int bits_;
};

// The colours of a palette, 16 bits each.
struct Palette {
  std::uint16_t *red = nullptr, *green = nullptr, *blue = nullptr;
  unsigned size = 0;

  [[nodiscard]] bool read(TIFF* tiff, int bits) {
    size = 1u << bits;
    return bits <= 8 && TIFFGetField(tiff, TIFFTAG_COLORMAP, &red, &green, &blue) == 1;
  }
};

// Makes pixels of the samples as they stand in the file: alpha is not multiplied into the colours,
// and 16 bits are rounded to 8, both of which the library does otherwise.
class SampleReader {
 public:
  SampleReader(TIFF* tiff, const Layout& layout, cv::Mat& out)
      : tiff_{tiff},
        layout_{layout},
        is_apart_{layout.planes == PLANARCONFIG_SEPARATE},
        samples_{layout.colours() + (layout.has_alpha() ? 1 : 0)},
        out_{out} {}

  // False: a part is broken or missing.
  bool read() {
    if (layout_.has_palette() && !palette_.read(tiff_, layout_.bits)) return false;
    for (int plane = 0; plane < (is_apart_ ? samples_ : 1); ++plane) {
      if (!(TIFFIsTiled(tiff_) != 0 ? read_tiles(plane) : read_strips(plane))) return false;
    }
    if (layout_.has_alpha() && layout_.is_weighted) unweigh();
    return true;
  }

 private:
  bool reserve(tmsize_t size) {
    if (size <= 0 || size > kMaxMemory) return false;
    buffer_.resize(static_cast<std::size_t>(size));
    return true;
  }

  bool read_strips(int plane) {
    std::uint32_t rows = 0;
    TIFFGetFieldDefaulted(tiff_, TIFFTAG_ROWSPERSTRIP, &rows);
    const int step =
        static_cast<int>(std::clamp(rows, std::uint32_t{1}, static_cast<std::uint32_t>(out_.rows)));
    const auto row_size = TIFFScanlineSize(tiff_);
    if (row_size <= 0 || !reserve(TIFFStripSize(tiff_))) return false;
    for (int y = 0; y < out_.rows; y += step) {
      const auto strip =
          TIFFComputeStrip(tiff_, static_cast<std::uint32_t>(y), static_cast<std::uint16_t>(plane));
      const int here = std::min(step, out_.rows - y);
      const auto size = row_size * here;
      if (static_cast<std::size_t>(size) > buffer_.size() ||
          TIFFReadEncodedStrip(tiff_, strip, buffer_.data(), size) != size)
        return false;
      take(plane, {0, y, out_.cols, here}, row_size);
    }
    return true;
  }

  bool read_tiles(int plane) {
    std::uint32_t width = 0, height = 0;
    TIFFGetField(tiff_, TIFFTAG_TILEWIDTH, &width);
    TIFFGetField(tiff_, TIFFTAG_TILELENGTH, &height);
    const auto row_size = TIFFTileRowSize(tiff_);
    if (width == 0 || height == 0 || row_size <= 0 || !reserve(TIFFTileSize(tiff_))) return false;
    const auto size = static_cast<tmsize_t>(buffer_.size());
    const auto right = static_cast<std::uint32_t>(out_.cols),
               bottom = static_cast<std::uint32_t>(out_.rows);
    for (std::uint32_t y = 0; y < bottom; y += std::min(height, bottom - y)) {
      for (std::uint32_t x = 0; x < right; x += std::min(width, right - x)) {
        const auto tile = TIFFComputeTile(tiff_, x, y, 0, static_cast<std::uint16_t>(plane));
        if (TIFFReadEncodedTile(tiff_, tile, buffer_.data(), size) != size) return false;
        take(
            plane,
            {static_cast<int>(x), static_cast<int>(y), static_cast<int>(std::min(width, right - x)),
             static_cast<int>(std::min(height, bottom - y))},
            row_size);
      }
    }
    return true;
  }

  // Makes the pixels of a strip or tile, as far as this plane has to do with them.
  void take(int plane, cv::Rect part, tmsize_t row_size) {
    const auto stride = is_apart_ ? std::size_t{1} : std::size_t{layout_.samples};
    for (int y = 0; y < part.height; ++y) {
      const SampleRow row{
          buffer_.data() + static_cast<std::size_t>(row_size) * static_cast<std::size_t>(y),
          layout_.bits};
      for (int sample = 0; sample < (is_apart_ ? 1 : samples_); ++sample) {
        auto* to = out_.ptr(part.y + y, part.x);
        for (int x = 0; x < part.width; ++x, to += out_.channels())
          set(plane + sample,
              row[stride * static_cast<std::size_t>(x) + static_cast<std::size_t>(sample)], to);
      }
    }
  }

  void set(int sample, unsigned value, uchar* pixel) const {
    const unsigned most = (1u << layout_.bits) - 1;
    if (sample == layout_.colours()) {
      pixel[3] = to_byte(value, most);
    } else if (layout_.has_palette()) {
      const auto place = std::min(value, palette_.size - 1);
      pixel[0] = to_byte(palette_.blue[place], kMost16);
      pixel[1] = to_byte(palette_.green[place], kMost16);
      pixel[2] = to_byte(palette_.red[place], kMost16);
    } else if (layout_.is_grey()) {
      const bool is_inverse = layout_.photometric == PHOTOMETRIC_MINISWHITE;
      std::fill_n(pixel, std::min(out_.channels(), 3),
                  to_byte(is_inverse ? most - value : value, most));
    } else {
      pixel[2 - sample] = to_byte(value, most);
    }
  }

  void unweigh() {
    for (int y = 0; y < out_.rows; ++y) {
      auto* row = out_.ptr<cv::Vec4b>(y);
      for (int x = 0; x < out_.cols; ++x) {
        const unsigned alpha = row[x][3];
        for (int c = 0; c < 3 && alpha > 0; ++c)
          row[x][c] = to_byte(std::min<unsigned>(row[x][c], alpha), alpha);
      }
    }
  }

  static constexpr unsigned kMost16 = 65'535;

  TIFF* tiff_;
  const Layout& layout_;
  bool is_apart_;  // each sample has strips or tiles of its own
  int samples_;    // of a pixel that are wanted
  cv::Mat& out_;
  Palette palette_;
  std::vector<std::uint8_t> buffer_;  // a strip or tile
};

// libtiff packs a pixel into 32 bits, red lowest.
void unpack(const std::vector<std::uint32_t>& raster, cv::Mat& out) {
  for (int y = 0; y < out.rows; ++y) {
    const auto* from =
        raster.data() + static_cast<std::size_t>(y) * static_cast<std::size_t>(out.cols);
    auto* to = out.ptr<cv::Vec3b>(y);
    for (int x = 0; x < out.cols; ++x) {
      to[x] = {static_cast<uchar>(TIFFGetB(from[x])), static_cast<uchar>(TIFFGetG(from[x])),
               static_cast<uchar>(TIFFGetR(from[x]))};
    }
  }
}

// Lets the library make colours of inks and of differences of colours.
bool convert(TIFF* tiff, const Layout& layout, cv::Mat& out) {
  std::vector<std::uint32_t> raster(out.total());
  // Asked for in the file's own orientation, pixels come as they are stored; an error stops the
  // reading.
  if (TIFFReadRGBAImageOriented(tiff, static_cast<std::uint32_t>(out.cols),
                                static_cast<std::uint32_t>(out.rows), raster.data(),
                                layout.orientation, 1) != 1)
    return false;
  unpack(raster, out);
  return true;
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
  if (layout.bits > 16) return refuse("only 8 and 16 bits a channel are supported");
  const bool is_plain = layout.is_plain();
  out.create(size, CV_8UC(is_plain && layout.has_alpha() ? 4
                          : is_plain && layout.is_grey() ? 1
                                                         : 3));
  if (is_plain ? SampleReader{tiff.get(), layout, out}.read() : convert(tiff.get(), layout, out))
    return true;
  return refuse("its pixels cannot be read");
}

}  // namespace millrace::augment
