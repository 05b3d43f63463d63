#include "plugins/augment/formats/png_codec.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <csetjmp>
#include <cstring>
#include <png.h>
#include <zlib.h>

namespace millrace::augment {
namespace {

constexpr png_uint_32 kMaxSide =
    1'000'000;  // the caller has looked at the header; this is libpng's own default

// What libpng calls back. It leaves its functions by longjmp, so nothing between setjmp and here
// has a destructor.
struct Errors {
  std::jmp_buf jump{};
  std::array<char, 120> text{};
};

[[noreturn]] void on_error(png_structp png, png_const_charp text) {
  auto& errors = *static_cast<Errors*>(png_get_error_ptr(png));
  std::strncpy(errors.text.data(), text, errors.text.size() - 1);
  std::longjmp(errors.jump, 1);
}

void on_warning(png_structp, png_const_charp) {}

struct Input {
  std::string_view rest;
};

void read_input(png_structp png, png_bytep target, std::size_t size) {
  auto& input = *static_cast<Input*>(png_get_io_ptr(png));
  if (size > input.rest.size()) png_error(png, "the PNG ends early");
  std::memcpy(target, input.rest.data(), size);
  input.rest.remove_prefix(size);
}

// A vector that throws would have to pass through C: memory is asked for ahead, and here it is only
// noted that it failed.
struct Output {
  std::vector<unsigned char>* bytes;
  bool is_full = false;
};

void write_output(png_structp png, png_bytep data, std::size_t size) {
  auto& output = *static_cast<Output*>(png_get_io_ptr(png));
  try {
    output.bytes->insert(output.bytes->end(), data, data + size);
  } catch (const std::bad_alloc&) {
    output.is_full = true;
  }
  if (output.is_full) png_error(png, "no memory for the PNG");
}

void flush_output(png_structp) {}

struct Reader {
  Errors errors;
  png_structp png = png_create_read_struct(PNG_LIBPNG_VER_STRING, &errors, on_error, on_warning);
  png_infop info = png == nullptr ? nullptr : png_create_info_struct(png);

  Reader() = default;
  ~Reader() { png_destroy_read_struct(&png, &info, nullptr); }
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;
};

struct Writer {
  Errors errors;
  png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, &errors, on_error, on_warning);
  png_infop info = png == nullptr ? nullptr : png_create_info_struct(png);

  Writer() = default;
  ~Writer() { png_destroy_write_struct(&png, &info); }
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;
};

// Reads the header and asks for BGR, BGRA or grey of 8 or 16 bits.
bool open(Reader& reader, Input& input) {
  auto* png = reader.png;
  if (setjmp(reader.errors.jump) != 0) return false;
  png_set_user_limits(png, kMaxSide, kMaxSide);
  png_set_read_fn(png, &input, read_input);
  png_read_info(png, reader.info);
  const auto colours = png_get_color_type(png, reader.info);
  const bool has_key = png_get_valid(png, reader.info, PNG_INFO_tRNS) != 0;
  if (colours == PNG_COLOR_TYPE_PALETTE) png_set_palette_to_rgb(png);
  if (colours == PNG_COLOR_TYPE_GRAY) png_set_expand_gray_1_2_4_to_8(png);
  if (has_key) png_set_tRNS_to_alpha(png);
  if (colours == PNG_COLOR_TYPE_GRAY_ALPHA || (colours == PNG_COLOR_TYPE_GRAY && has_key))
    png_set_gray_to_rgb(png);
  png_set_bgr(png);
  if (std::endian::native == std::endian::little) png_set_swap(png);
  png_set_interlace_handling(png);
  png_read_update_info(png, reader.info);
  return true;
}

bool read_rows(Reader& reader, png_bytepp rows) {
  if (setjmp(reader.errors.jump) != 0) return false;
  png_read_image(reader.png, rows);
  return true;
}

// The settings of cv::imencode: run lengths after the difference to the left neighbour, the fastest
// level.
bool write(Writer& writer, Output& output, const cv::Mat& picture, png_bytepp rows) {
  auto* png = writer.png;
  if (setjmp(writer.errors.jump) != 0) return false;
  png_set_write_fn(png, &output, write_output, flush_output);
  png_set_filter(png, PNG_FILTER_TYPE_BASE, PNG_FILTER_SUB);
  png_set_compression_level(png, Z_BEST_SPEED);
  png_set_compression_strategy(png, Z_RLE);
  const int channels = picture.channels();
  const int colours = channels == 1   ? PNG_COLOR_TYPE_GRAY
                      : channels == 3 ? PNG_COLOR_TYPE_RGB
                                      : PNG_COLOR_TYPE_RGB_ALPHA;
  png_set_IHDR(png, writer.info, static_cast<png_uint_32>(picture.cols),
               static_cast<png_uint_32>(picture.rows), 8, colours, PNG_INTERLACE_NONE,
               PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
  png_write_info(png, writer.info);
  png_set_bgr(png);
  png_write_image(png, rows);
  png_write_end(png, nullptr);
  return true;
}

std::vector<png_bytep> rows_of(const cv::Mat& picture) {
  std::vector<png_bytep> rows;
  rows.reserve(static_cast<std::size_t>(picture.rows));
  for (int y = 0; y < picture.rows; ++y) rows.push_back(const_cast<png_bytep>(picture.ptr(y)));
  return rows;
}

constexpr const char* kNoMemory = "no memory for libpng";

}  // namespace

bool decode_png(std::string_view bytes, cv::Size size, cv::Mat& out, std::string& why) {
  Reader reader;
  Input input{bytes};
  if (reader.info == nullptr || !open(reader, input)) {
    why = reader.info == nullptr ? kNoMemory : reader.errors.text.data();
    return false;
  }
  if (png_get_image_width(reader.png, reader.info) != static_cast<png_uint_32>(size.width) ||
      png_get_image_height(reader.png, reader.info) != static_cast<png_uint_32>(size.height)) {
    why = "the PNG tells two sizes";
    return false;
  }
  const int depth = png_get_bit_depth(reader.png, reader.info) == 16 ? CV_16U : CV_8U;
  out.create(size, CV_MAKETYPE(depth, png_get_channels(reader.png, reader.info)));
  auto rows = rows_of(out);
  if (read_rows(reader, rows.data())) return true;
  why = reader.errors.text.data();
  return false;
}

bool encode_png(const cv::Mat& picture, std::vector<unsigned char>& out, std::string& why) {
  out.clear();
  Writer writer;
  Output output{&out};
  auto rows = rows_of(picture);
  if (writer.info != nullptr && write(writer, output, picture, rows.data())) return true;
  why = writer.info == nullptr ? kNoMemory : writer.errors.text.data();
  return false;
}

}  // namespace millrace::augment
