#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace millrace::sheet {

/// A picture made small for a page.
struct Thumbnail {
  std::int64_t width = 0,
               height = 0;  // of the picture itself, in pixels: what labels are measured in
  std::string media_type;   // "image/jpeg"
  std::string bytes;        // encoded
};

/// Why there is none.
struct NoThumbnail {
  std::string reason;
};

/// Makes a thumbnail whose longer side has about `side` pixels, never more than the picture has.
/// JPEG is decoded at that size at once; PNG is averaged down; what is small already, and the
/// formats that browsers show by themselves, are taken as they are up to 256 KiB. [any thread]
std::optional<Thumbnail> make_thumbnail(std::string_view bytes, int side, NoThumbnail& why);

}  // namespace millrace::sheet
