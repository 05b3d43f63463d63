#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace millrace::augment {

/// The picture formats that are read. Gif and Tiff are never written.
enum class ImageFormat { Jpeg, Png, Gif, Webp, Bmp, Tiff };

std::string_view to_string(ImageFormat format);

/// Returns the format in which the result of a picture of `source` is written, and its file name
/// extension with the dot.
ImageFormat result_format(ImageFormat source);
std::string_view extension_of(ImageFormat written);

/// Tells the format by the first bytes, or nothing when they are no known picture's.
std::optional<ImageFormat> sniff_format(std::string_view bytes);

struct ImageExtent {
  std::int64_t width = 0, height = 0;  // pixels
};

/// Reads width and height from the header without decoding. Empty when the header is broken or ends
/// early; never larger than 2^32 - 1 a side. Of a GIF it is the whole canvas.
std::optional<ImageExtent> read_extent(std::string_view bytes, ImageFormat format);

}  // namespace millrace::augment
