#include "plugins/augment/formats/image_format.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <utility>

namespace millrace::augment {
namespace {

// Reads numbers out of a header; what lies beyond the end reads as 0 and is remembered.
class HeaderReader {
 public:
  explicit HeaderReader(std::string_view bytes) : bytes_{bytes} {}

  std::uint64_t little(std::uint64_t at, unsigned size) {
    std::uint64_t value = 0;
    for (unsigned i = size; i-- > 0;) value = value << 8 | byte(at + i);
    return value;
  }
  std::uint64_t big(std::uint64_t at, unsigned size) {
    std::uint64_t value = 0;
    for (unsigned i = 0; i < size; ++i) value = value << 8 | byte(at + i);
    return value;
  }
  std::uint64_t byte(std::uint64_t at) {
    if (at >= bytes_.size()) {
      is_short_ = true;
      return 0;
    }
    return static_cast<std::uint8_t>(bytes_[at]);
  }
  [[nodiscard]] bool is_short() const { return is_short_; }
  [[nodiscard]] std::uint64_t size() const { return bytes_.size(); }

 private:
  std::string_view bytes_;
  bool is_short_ = false;
};

using Extent = std::optional<ImageExtent>;

Extent extent(std::uint64_t width, std::uint64_t height) {
  return ImageExtent{static_cast<std::int64_t>(width), static_cast<std::int64_t>(height)};
}

// ITU-T T.81 annex B: markers up to the frame header (SOF).
Extent read_jpeg(HeaderReader& in) {
  std::uint64_t at = 2;
  while (at + 4 <= in.size()) {
    if (in.byte(at) != 0xff) {  // libjpeg skips stray bytes between segments, too
      ++at;
      continue;
    }
    const auto marker = in.byte(at + 1);
    const bool stands_alone =
        marker == 0xff || marker == 0x00 || marker == 0x01 || (marker >= 0xd0 && marker <= 0xd8);
    if (stands_alone) {
      at += marker == 0xff ? 1 : 2;
      continue;
    }
    if (marker == 0xd9 || marker == 0xda) return {};  // end, or a scan without a frame
    const bool is_frame =
        marker >= 0xc0 && marker <= 0xcf && marker != 0xc4 && marker != 0xc8 && marker != 0xcc;
    if (is_frame) return extent(in.big(at + 7, 2), in.big(at + 5, 2));
    at += 2 + std::max<std::uint64_t>(in.big(at + 2, 2), 2);
  }
  return {};
}

// RFC 9649: the first chunk is VP8X (canvas), VP8L or VP8.
Extent read_webp(HeaderReader& in) {
  const auto chunk = in.big(12, 4);
  if (chunk == 0x56503858) return extent(in.little(24, 3) + 1, in.little(27, 3) + 1);  // VP8X
  if (chunk == 0x5650384c) {                                                           // VP8L
    const auto bits = in.little(21, 4);
    return extent((bits & 0x3fff) + 1, (bits >> 14 & 0x3fff) + 1);
  }
  if (chunk == 0x56503820) {  // VP8: frame tag, start code, then 14 bits a side
    return extent(in.little(26, 2) & 0x3fff, in.little(28, 2) & 0x3fff);
  }
  return {};
}

Extent read_bmp(HeaderReader& in) {
  const auto header_bytes = in.little(14, 4);
  if (header_bytes == 12) return extent(in.little(18, 2), in.little(20, 2));  // OS/2
  if (header_bytes < 40) return {};
  const auto height = static_cast<std::int32_t>(in.little(22, 4));  // negative: top row first
  return extent(in.little(18, 4),
                static_cast<std::uint64_t>(height < 0 ? -std::int64_t{height} : height));
}

// TIFF 6.0 and BigTIFF: the entries of the first directory.
class TiffDirectory {
 public:
  explicit TiffDirectory(HeaderReader& in) : in_{in}, is_little_{in.byte(0) == 'I'} {
    is_big_tiff_ = number(2, 2) == 43;
    const auto at = is_big_tiff_ ? number(8, 8) : number(4, 4);
    // Beyond the end there is nothing to count, and the additions below cannot overflow.
    if (at >= in.size()) return;
    count_ = std::min<std::uint64_t>(number(at, is_big_tiff_ ? 8 : 2), 4096);
    entries_ = at + (is_big_tiff_ ? 8 : 2);
  }

  // Returns the value of a SHORT or LONG tag, or 0.
  std::uint64_t value(std::uint64_t tag) {
    for (std::uint64_t i = 0; i < count_; ++i) {
      const auto entry = entries_ + i * (is_big_tiff_ ? 20 : 12);
      if (number(entry, 2) != tag) continue;
      constexpr std::uint64_t kShort = 3;
      return number(entry + (is_big_tiff_ ? 12 : 8), number(entry + 2, 2) == kShort ? 2 : 4);
    }
    return 0;
  }

 private:
  std::uint64_t number(std::uint64_t at, unsigned size) {
    return is_little_ ? in_.little(at, size) : in_.big(at, size);
  }

  HeaderReader& in_;
  bool is_little_, is_big_tiff_ = false;
  std::uint64_t count_ = 0, entries_ = 0;
};

constexpr std::uint64_t kTiffWidth = 256, kTiffHeight = 257;

bool has_prefix(std::string_view bytes, std::string_view prefix) {
  return bytes.substr(0, prefix.size()) == prefix;
}

}  // namespace

std::string_view to_string(ImageFormat format) {
  switch (format) {
    case ImageFormat::Jpeg:
      return "JPEG";
    case ImageFormat::Png:
      return "PNG";
    case ImageFormat::Gif:
      return "GIF";
    case ImageFormat::Webp:
      return "WebP";
    case ImageFormat::Bmp:
      return "BMP";
    case ImageFormat::Tiff:
      return "TIFF";
  }
  return {};
}

ImageFormat result_format(ImageFormat source) {
  const bool is_read_only = source == ImageFormat::Gif || source == ImageFormat::Tiff;
  return is_read_only ? ImageFormat::Png : source;
}

std::string_view extension_of(ImageFormat written) {
  switch (written) {
    case ImageFormat::Jpeg:
      return ".jpg";
    case ImageFormat::Webp:
      return ".webp";
    case ImageFormat::Bmp:
      return ".bmp";
    default:
      return ".png";
  }
}

std::optional<ImageFormat> sniff_format(std::string_view bytes) {
  using namespace std::string_view_literals;
  if (has_prefix(bytes, "\xff\xd8\xff"sv)) return ImageFormat::Jpeg;
  if (has_prefix(bytes, "\x89PNG\r\n\x1a\n"sv)) return ImageFormat::Png;
  if (has_prefix(bytes, "GIF87a"sv) || has_prefix(bytes, "GIF89a"sv)) return ImageFormat::Gif;
  if (has_prefix(bytes, "RIFF"sv) && bytes.size() >= 12 && bytes.substr(8, 4) == "WEBP"sv) {
    return ImageFormat::Webp;
  }
  if (has_prefix(bytes, "BM"sv)) return ImageFormat::Bmp;
  for (const auto magic : {"II*\0"sv, "MM\0*"sv, "II+\0"sv, "MM\0+"sv}) {
    if (has_prefix(bytes, magic)) return ImageFormat::Tiff;
  }
  return {};
}

std::optional<ImageExtent> read_extent(std::string_view bytes, ImageFormat format) {
  HeaderReader in{bytes};
  Extent found;
  switch (format) {
    case ImageFormat::Jpeg:
      found = read_jpeg(in);
      break;
    case ImageFormat::Png:
      found = extent(in.big(16, 4), in.big(20, 4));
      break;
    case ImageFormat::Gif:
      found = extent(in.little(6, 2), in.little(8, 2));
      break;
    case ImageFormat::Webp:
      found = read_webp(in);
      break;
    case ImageFormat::Bmp:
      found = read_bmp(in);
      break;
    case ImageFormat::Tiff: {
      TiffDirectory directory{in};
      found = extent(directory.value(kTiffWidth), directory.value(kTiffHeight));
      break;
    }
  }
  if (in.is_short() || !found || found->width == 0 || found->height == 0) return {};
  return found;
}

}  // namespace millrace::augment
