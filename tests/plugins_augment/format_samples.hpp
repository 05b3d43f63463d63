#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <opencv2/core.hpp>

/// Pictures in formats that OpenCV does not write, made byte by byte.
namespace millrace::augment::testing {

struct GifFrame {
  int left = 0, top = 0, width = 0, height = 0;
  std::vector<std::uint8_t> indices;  // into the palette black, red, green, blue
  int transparent = -1;
  bool is_interlaced = false;  // indices are then in the order of the file
};

/// A GIF with a palette of black, red, green and blue.
std::string gif_of(cv::Size canvas, const std::vector<GifFrame>& frames);

/// An uncompressed TIFF of grey pixels, little or big endian, with an orientation tag unless it is
/// 0.
std::string tiff_of(const cv::Mat& grey, int orientation, bool is_little = true);

/// Samples of a TIFF, as they stand in the file: little endian, row by row, or plane by plane.
struct TiffSamples {
  cv::Size size;
  int bits = 8, samples = 3, photometric = 2;  // 0 white is zero, 1 black is zero, 2 RGB
  int extra = -1;         // what the last sample is: 1 alpha in the colours, 2 alpha; -1: a colour
  bool is_apart = false;  // each sample has a plane of its own
  std::string bytes{};
};
std::string tiff_of(const TiffSamples& given);

/// The header of a PNG of that size, with a right checksum and no pixels.
std::string png_header(std::uint32_t width, std::uint32_t height);

/// A PNG of that colour type and depth; `rows` are the packed bytes of each row, `chunks` stand
/// before the pixels.
std::string png_of(cv::Size size, int depth, int colour_type, const std::vector<std::string>& rows,
                   const std::string& chunks = {});

/// A chunk of a PNG, with its checksum.
std::string png_chunk(const std::string& type, const std::string& data);

/// A BMP with the info header: `extra` stands behind it (masks, a palette), then the pixels. A
/// negative height is top down.
std::string bmp_of(int width, int height, int bits, int compression, const std::string& extra,
                   const std::string& pixels, int colours_used = 0);

}  // namespace millrace::augment::testing
