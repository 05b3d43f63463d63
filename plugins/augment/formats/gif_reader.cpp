#include "plugins/augment/formats/gif_reader.hpp"

#include <algorithm>
#include <cstring>
#include <gif_lib.h>
#include <memory>
#include <vector>

namespace millrace::augment {
namespace {

struct Input {
  std::string_view rest;
};

int read_input(GifFileType* gif, GifByteType* buffer, int wanted) {
  auto& rest = static_cast<Input*>(gif->UserData)->rest;
  const auto size = std::min(rest.size(), static_cast<std::size_t>(std::max(wanted, 0)));
  std::memcpy(buffer, rest.data(), size);
  rest.remove_prefix(size);
  return static_cast<int>(size);
}

struct CloseGif {
  void operator()(GifFileType* gif) const { DGifCloseFile(gif, nullptr); }
};
using Gif = std::unique_ptr<GifFileType, CloseGif>;

std::string text_of(int error) {
  const char* text = GifErrorString(error);
  return text == nullptr ? "broken GIF" : text;
}

// Reads the blocks before the first frame; returns false at a fault or at the end. `transparent` is
// the index of the pixel value that lets the canvas shine through, -1 for none.
bool find_frame(GifFileType* gif, int& transparent) {
  transparent = NO_TRANSPARENT_COLOR;
  GifRecordType type = UNDEFINED_RECORD_TYPE;
  while (DGifGetRecordType(gif, &type) == GIF_OK) {
    if (type == IMAGE_DESC_RECORD_TYPE) return DGifGetImageDesc(gif) == GIF_OK;
    if (type != EXTENSION_RECORD_TYPE) return false;
    int code = 0;
    GifByteType* block = nullptr;
    if (DGifGetExtension(gif, &code, &block) != GIF_OK) return false;
    while (block != nullptr) {
      GraphicsControlBlock control{};
      if (code == GRAPHICS_EXT_FUNC_CODE &&
          DGifExtensionToGCB(block[0], block + 1, &control) == GIF_OK) {
        transparent = control.TransparentColor;
      }
      if (DGifGetExtensionNext(gif, &block) != GIF_OK) return false;
    }
  }
  return false;
}

// Rows of an interlaced frame come in four passes.
std::vector<int> row_order(int rows, bool is_interlaced) {
  std::vector<int> order;
  order.reserve(static_cast<std::size_t>(rows));
  if (!is_interlaced) {
    for (int row = 0; row < rows; ++row) order.push_back(row);
    return order;
  }
  constexpr int kPasses[4][2] = {{0, 8}, {4, 8}, {2, 4}, {1, 2}};
  for (const auto& [first, stride] : kPasses) {
    for (int row = first; row < rows; row += stride) order.push_back(row);
  }
  return order;
}

// Paints the frame; what lies outside the canvas is left out.
bool paint(GifFileType* gif, int transparent, cv::Mat& canvas) {
  const auto& frame = gif->Image;
  const auto* colours = frame.ColorMap != nullptr ? frame.ColorMap : gif->SColorMap;
  if (colours == nullptr) return false;
  std::vector<GifPixelType> line(static_cast<std::size_t>(frame.Width));
  for (const int row : row_order(frame.Height, frame.Interlace)) {
    if (DGifGetLine(gif, line.data(), frame.Width) != GIF_OK) return false;
    const int y = frame.Top + row;
    if (y >= canvas.rows) continue;
    auto* pixels = canvas.ptr<cv::Vec4b>(y);
    for (int column = 0; column < frame.Width && frame.Left + column < canvas.cols; ++column) {
      const int index = line[static_cast<std::size_t>(column)];
      if (index == transparent || index >= colours->ColorCount) continue;
      const auto& colour = colours->Colors[index];
      pixels[frame.Left + column] = {colour.Blue, colour.Green, colour.Red, 255};
    }
  }
  return true;
}

// Drops the alpha channel where it says nothing.
void drop_opaque_alpha(const cv::Mat& canvas, cv::Mat& out) {
  cv::Mat alpha;
  cv::extractChannel(canvas, alpha, 3);
  if (cv::countNonZero(alpha != 255) > 0) {
    out = canvas;
    return;
  }
  out.create(canvas.size(), CV_8UC3);
  const int pairs[] = {0, 0, 1, 1, 2, 2};
  cv::mixChannels(&canvas, 1, &out, 1, pairs, 3);
}

}  // namespace

bool decode_gif(std::string_view bytes, cv::Size size, cv::Mat& out, std::string& why) {
  Input input{bytes};
  int error = 0;
  const Gif gif{DGifOpen(&input, read_input, &error)};
  if (!gif) {
    why = text_of(error);
    return false;
  }
  if (cv::Size{gif->SWidth, gif->SHeight} != size) {
    why = "the GIF tells two sizes";
    return false;
  }
  int transparent = NO_TRANSPARENT_COLOR;
  if (!find_frame(gif.get(), transparent)) {
    why = text_of(gif->Error);
    return false;
  }
  // The canvas was held against the limits; a frame that is larger was not.
  const auto& frame = gif->Image;
  const bool is_good = frame.Width > 0 && frame.Height > 0 && frame.Left >= 0 && frame.Top >= 0 &&
                       frame.Width <= gif->SWidth && frame.Height <= gif->SHeight;
  if (!is_good) {
    why = "the first frame is empty or larger than its canvas";
    return false;
  }
  cv::Mat canvas{gif->SHeight, gif->SWidth, CV_8UC4, cv::Scalar::all(0)};
  if (!paint(gif.get(), transparent, canvas)) {
    why = text_of(gif->Error);
    return false;
  }
  drop_opaque_alpha(canvas, out);
  return true;
}

}  // namespace millrace::augment
