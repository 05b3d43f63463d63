#include "plugins/augment/formats/bmp_codec.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <stdexcept>

namespace millrace::augment {
namespace {

// Compression words of the header (BITMAPINFOHEADER, biCompression).
constexpr std::uint32_t kPlain = 0, kRuns8 = 1, kRuns4 = 2, kMasks = 3, kMasksWithAlpha = 6;
constexpr std::uint32_t kCoreHeader = 12, kInfoHeader = 40, kHeaderWithAlphaMask = 56;
constexpr std::size_t kFileHeader = 14;

// Leaves this file as a refusal.
struct Broken : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// Little-endian numbers; nothing is read beyond the end.
class Input {
 public:
  explicit Input(std::string_view bytes) : bytes_{bytes} {}
  std::uint32_t number(std::size_t at, unsigned size) const {
    if (at > bytes_.size() || size > bytes_.size() - at) throw Broken{"the BMP ends early"};
    std::uint32_t value = 0;
    for (unsigned i = size; i-- > 0;)
      value = value << 8 | static_cast<std::uint8_t>(bytes_[at + i]);
    return value;
  }
  std::uint8_t byte(std::size_t at) const { return static_cast<std::uint8_t>(number(at, 1)); }

 private:
  std::string_view bytes_;
};

// One channel of a pixel of 16 or 32 bits.
struct Mask {
  std::uint32_t bits = 0;

  [[nodiscard]] uchar value_of(std::uint32_t pixel) const {
    if (bits == 0) return 0;
    const auto most = bits >> std::countr_zero(bits),
               value = (pixel & bits) >> std::countr_zero(bits);
    return static_cast<uchar>((std::uint64_t{value} * 255 + most / 2) / most);
  }
};

class BmpReader {
 public:
  BmpReader(std::string_view bytes, cv::Size size) : in_{bytes}, size_{size} { read_header(); }

  cv::Mat read() {
    const bool is_indexed = bits_ <= 8;
    if (!is_indexed) return read_pixels();
    cv::Mat indices{size_, CV_8UC1, cv::Scalar{0}};
    if (compression_ == kPlain) {
      read_indices(indices);
    } else {
      read_runs(indices);
    }
    return colour(indices);
  }

 private:
  void read_header() {
    pixels_at_ = in_.number(10, 4);
    const auto header = in_.number(kFileHeader, 4);
    const bool is_core = header == kCoreHeader;
    if (!is_core && header < kInfoHeader) throw Broken{"the header of the BMP is broken"};
    const unsigned side = is_core ? 2 : 4;
    const auto width = static_cast<std::int32_t>(in_.number(18, side));
    const auto height = static_cast<std::int32_t>(in_.number(18 + side, side));
    is_top_down_ = height < 0;
    if (width != size_.width || std::abs(std::int64_t{height}) != size_.height) {
      throw Broken{"the header of the BMP is broken"};
    }
    bits_ = in_.number(is_core ? 24 : 28, 2);
    compression_ = is_core ? kPlain : in_.number(30, 4);
    const auto palette_at = kFileHeader + header;
    if (bits_ == 1 || bits_ == 4 || bits_ == 8) {
      read_palette(palette_at, is_core);
    } else if (bits_ == 16 || bits_ == 24 || bits_ == 32) {
      read_masks(header);
    } else {
      throw Broken{"BMPs of " + std::to_string(bits_) + " bits a pixel are not supported"};
    }
    const bool has_runs =
        (compression_ == kRuns8 && bits_ == 8) || (compression_ == kRuns4 && bits_ == 4);
    const bool has_masks =
        (compression_ == kMasks || compression_ == kMasksWithAlpha) && bits_ >= 16 && bits_ != 24;
    if (compression_ != kPlain && !has_runs && !has_masks)
      throw Broken{"the compression of the BMP is not supported"};
  }

  void read_palette(std::size_t at, bool is_core) {
    const auto used = is_core ? 0 : in_.number(46, 4);
    const auto count = used == 0 || used > (1u << bits_) ? 1u << bits_ : used;
    const unsigned entry = is_core ? 3 : 4;
    for (std::uint32_t i = 0; i < count; ++i) {
      for (int c = 0; c < 3; ++c)
        palette_[i][c] = in_.byte(at + i * entry + static_cast<unsigned>(c));
    }
  }

  void read_masks(std::uint32_t header) {
    if (compression_ == kMasks || compression_ == kMasksWithAlpha) {
      // Behind the info header, or the first members of a longer one: the same place.
      for (unsigned i = 0; i < 3; ++i)
        masks_[2 - i].bits = in_.number(kFileHeader + kInfoHeader + 4 * i, 4);
      if (header >= kHeaderWithAlphaMask || compression_ == kMasksWithAlpha) {
        masks_[3].bits = in_.number(kFileHeader + kInfoHeader + 12, 4);
      }
    } else if (bits_ == 16) {
      masks_ = {Mask{0x1f}, Mask{0x3e0}, Mask{0x7c00}, Mask{}};
    } else {
      masks_ = {Mask{0xff}, Mask{0xff00}, Mask{0xff0000}, Mask{}};
    }
  }

  [[nodiscard]] std::size_t row_at(int y) const {
    const auto stride = (static_cast<std::size_t>(size_.width) * bits_ + 31) / 32 * 4;
    return pixels_at_ + stride * static_cast<std::size_t>(is_top_down_ ? y : size_.height - 1 - y);
  }

  cv::Mat read_pixels() {
    const bool has_alpha = masks_[3].bits != 0;
    cv::Mat out{size_, has_alpha ? CV_8UC4 : CV_8UC3};
    for (int y = 0; y < size_.height; ++y) {
      const auto begin = row_at(y);
      auto* to = out.ptr(y);
      for (int x = 0; x < size_.width; ++x) {
        const auto pixel = in_.number(begin + static_cast<std::size_t>(x) * bits_ / 8, bits_ / 8);
        for (std::size_t c = 0; c < (has_alpha ? 4u : 3u); ++c) *to++ = masks_[c].value_of(pixel);
      }
    }
    return out;
  }

  void read_indices(cv::Mat& indices) {
    for (int y = 0; y < size_.height; ++y) {
      const auto begin = row_at(y);
      for (int x = 0; x < size_.width; ++x) {
        const auto bit = static_cast<std::size_t>(x) * bits_;
        const auto shift = 8 - bits_ - bit % 8;
        indices.at<uchar>(y, x) =
            static_cast<uchar>(in_.byte(begin + bit / 8) >> shift & ((1u << bits_) - 1));
      }
    }
  }

  // Pairs of count and value; a count of 0 begins an escape: end of line, end, a jump, or pixels as
  // they are.
  void read_runs(cv::Mat& indices) {
    int x = 0, y = 0;
    const auto put = [&](int value) {
      if (x >= size_.width || y >= size_.height)
        throw Broken{"a run of the BMP leaves the picture"};
      indices.at<uchar>(is_top_down_ ? y : size_.height - 1 - y, x++) = static_cast<uchar>(value);
    };
    // Of 4 bits two values share a byte, the first in its upper half.
    const auto part = [&](int byte, int i) {
      return bits_ == 8 ? byte : i % 2 == 0 ? byte >> 4 : byte & 15;
    };
    for (std::size_t at = pixels_at_;; at += 2) {
      const int count = in_.byte(at), value = in_.byte(at + 1);
      if (count > 0) {
        for (int i = 0; i < count; ++i) put(part(value, i));
      } else if (value == 0) {
        x = 0;
        ++y;
      } else if (value == 1) {
        return;
      } else if (value == 2) {
        x += in_.byte(at + 2);
        y += in_.byte(at + 3);
        at += 2;
        if (x > size_.width || y > size_.height)
          throw Broken{"a jump of the BMP leaves the picture"};
      } else {
        for (int i = 0; i < value; ++i)
          put(part(in_.byte(at + 2 + static_cast<std::size_t>(bits_ == 8 ? i : i / 2)), i));
        const auto data = static_cast<std::size_t>(bits_ == 8 ? value : (value + 1) / 2);
        at += (data + 1) / 2 * 2;  // padded to two bytes
      }
    }
  }

  // A palette of greys gives a grey picture.
  cv::Mat colour(const cv::Mat& indices) {
    const bool is_grey = std::all_of(palette_.begin(), palette_.end(), [](const auto& entry) {
      return entry[0] == entry[1] && entry[1] == entry[2];
    });
    cv::Mat out{size_, is_grey ? CV_8UC1 : CV_8UC3};
    for (int y = 0; y < size_.height; ++y) {
      const auto* from = indices.ptr(y);
      for (int x = 0; x < size_.width; ++x) {
        const auto& entry = palette_[from[x]];
        if (is_grey) {
          out.at<uchar>(y, x) = entry[0];
        } else {
          out.at<cv::Vec3b>(y, x) = entry;
        }
      }
    }
    return out;
  }

  Input in_;
  cv::Size size_;
  std::size_t pixels_at_ = 0;
  std::uint32_t bits_ = 0, compression_ = kPlain;
  bool is_top_down_ = false;
  std::array<cv::Vec3b, 256> palette_{};
  std::array<Mask, 4> masks_{};  // blue, green, red, alpha
};

void append(std::vector<unsigned char>& out, std::uint32_t value, int bytes) {
  for (int i = 0; i < bytes; ++i) out.push_back(static_cast<unsigned char>(value >> (8 * i)));
}

// BITMAPINFOHEADER, or for alpha BITMAPV4HEADER, which can say where it lies.
void append_header(std::vector<unsigned char>& out, const cv::Mat& picture,
                   std::size_t pixel_bytes) {
  constexpr std::uint32_t kV4Header = 108, kPaletteBytes = 1024;
  const bool is_grey = picture.channels() == 1, has_alpha = picture.channels() == 4;
  const auto header = has_alpha ? kV4Header : kInfoHeader;
  const auto pixels_at =
      static_cast<std::uint32_t>(kFileHeader) + header + (is_grey ? kPaletteBytes : 0);
  out.push_back('B');
  out.push_back('M');
  append(out, static_cast<std::uint32_t>(pixels_at + pixel_bytes), 4);
  append(out, 0, 4);
  append(out, pixels_at, 4);
  append(out, header, 4);
  append(out, static_cast<std::uint32_t>(picture.cols), 4);
  append(out, static_cast<std::uint32_t>(picture.rows), 4);
  append(out, 1, 2);
  append(out, static_cast<std::uint32_t>(8 * picture.channels()), 2);
  append(out, has_alpha ? kMasks : kPlain, 4);
  append(out, static_cast<std::uint32_t>(pixel_bytes), 4);
  for (int i = 0; i < 4; ++i) append(out, 0, 4);  // resolution and palette: not told
  if (has_alpha) {
    for (const std::uint32_t mask : {0xff0000u, 0xff00u, 0xffu, 0xff000000u}) append(out, mask, 4);
    out.resize(kFileHeader + kV4Header, 0);
  }
  for (std::uint32_t grey = 0; is_grey && grey < 256; ++grey) append(out, grey * 0x010101u, 4);
}

}  // namespace

bool decode_bmp(std::string_view bytes, cv::Size size, cv::Mat& out, std::string& why) {
  try {
    out = BmpReader{bytes, size}.read();
    return true;
  } catch (const Broken& broken) {
    why = broken.what();
    return false;
  }
}

bool encode_bmp(const cv::Mat& picture, std::vector<unsigned char>& out, std::string& why) {
  const auto row = static_cast<std::size_t>(picture.cols) * picture.elemSize();
  const auto stride = (row + 3) / 4 * 4,
             pixel_bytes = stride * static_cast<std::size_t>(picture.rows);
  if (pixel_bytes > std::size_t{0x7fffffff}) {
    why = "the picture is too large for a BMP";
    return false;
  }
  out.clear();
  append_header(out, picture, pixel_bytes);
  for (int y = picture.rows; y-- > 0;) {
    const auto* from = picture.ptr(y);
    out.insert(out.end(), from, from + row);
    out.insert(out.end(), stride - row, 0);
  }
  return true;
}

}  // namespace millrace::augment
