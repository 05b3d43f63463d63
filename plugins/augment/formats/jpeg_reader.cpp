#include "plugins/augment/formats/jpeg_reader.hpp"

#include <algorithm>
#include <array>
#include <csetjmp>
#include <cstdio>
#include <jerror.h>
#include <jpeglib.h>
#include <vector>

namespace millrace::augment {
namespace {

// A progressive JPEG of a few bytes can ask for any number of passes over all pixels; real ones
// have about ten.
constexpr int kMaxScans = 500;

// What libjpeg calls back. It leaves its functions by longjmp, so nothing between setjmp and here
// has a destructor.
struct ErrorManager {
  jpeg_error_mgr base;
  std::jmp_buf jump;
  std::array<char, JMSG_LENGTH_MAX> text;
  bool is_damaged;  // a warning told of pixels that are missing or wrong
  bool has_no_end;  // the bytes end before the marker that says so
};

ErrorManager& manager_of(j_common_ptr codec) {
  return *reinterpret_cast<ErrorManager*>(codec->err);
}

[[noreturn]] void leave(j_common_ptr codec) {
  auto& manager = manager_of(codec);
  codec->err->format_message(codec, manager.text.data());
  std::longjmp(manager.jump, 1);
}

// Warnings that leave no pixel out: stray bytes between segments, odd parameters and markers.
bool is_harmless(int message) {
  return message == JWRN_EXTRANEOUS_DATA || message == JWRN_NOT_SEQUENTIAL ||
         message == JWRN_ADOBE_XFORM || message == JWRN_BOGUS_ICC;
}

void on_message(j_common_ptr codec, int level) {
  if (level >= 0 || is_harmless(codec->err->msg_code)) return;  // 0 and more: traces
  auto& manager = manager_of(codec);
  if (codec->err->msg_code == JWRN_JPEG_EOF) {  // what it costs is seen at the end
    manager.has_no_end = true;
    return;
  }
  if (!manager.is_damaged) codec->err->format_message(codec, manager.text.data());
  manager.is_damaged = true;
}

void on_progress(j_common_ptr codec) {
  const auto* decoder = reinterpret_cast<j_decompress_ptr>(codec);
  if (decoder->input_scan_number > kMaxScans) ERREXIT(codec, JERR_BAD_PROGRESSION);
}

void forget_text(j_common_ptr) {}

struct Decoder {
  jpeg_decompress_struct codec{};
  ErrorManager errors{};
  jpeg_progress_mgr progress{};

  Decoder() {
    codec.err = jpeg_std_error(&errors.base);
    errors.base.error_exit = leave;
    errors.base.emit_message = on_message;
    errors.base.output_message = forget_text;
    progress.progress_monitor = on_progress;
  }
  ~Decoder() { jpeg_destroy_decompress(&codec); }
  Decoder(const Decoder&) = delete;
  Decoder& operator=(const Decoder&) = delete;
};

// Reads the header and chooses the colours that come out; false at an error.
bool open(Decoder& decoder, std::string_view bytes) {
  auto& codec = decoder.codec;
  if (setjmp(decoder.errors.jump) != 0) return false;
  jpeg_create_decompress(&codec);
  codec.progress = &decoder.progress;
  jpeg_mem_src(&codec, reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size());
  jpeg_read_header(&codec, TRUE);
  if (codec.num_components == 1) {
    codec.out_color_space = JCS_GRAYSCALE;
  } else if (codec.num_components == 4) {
    codec.out_color_space = JCS_CMYK;
  } else {
    codec.out_color_space = JCS_EXT_BGR;
  }
  return true;
}

// Whether all scans have begun that make the pixels. One that breaks off is told by a warning of
// its own; one that is not there is not, where the bytes end before it.
bool has_all_scans(const jpeg_decompress_struct& codec) {
  for (int i = 0; i < codec.num_components; ++i) {
    if (codec.comp_info[i].quant_table == nullptr) return false;
    if (codec.coef_bits == nullptr) continue;  // not progressive
    const int* const missing = codec.coef_bits[i];
    if (std::any_of(missing, missing + DCTSIZE2, [](int bits) { return bits != 0; })) return false;
  }
  return true;
}

bool read_rows(Decoder& decoder, JSAMPARRAY rows) {
  auto& codec = decoder.codec;
  if (setjmp(decoder.errors.jump) != 0) return false;
  jpeg_start_decompress(&codec);
  while (codec.output_scanline < codec.output_height) {
    jpeg_read_scanlines(&codec, rows + codec.output_scanline,
                        codec.output_height - codec.output_scanline);
  }
  if (decoder.errors.has_no_end && !has_all_scans(codec)) {
    codec.err->msg_code = JWRN_JPEG_EOF;
    leave(reinterpret_cast<j_common_ptr>(&codec));
  }
  jpeg_finish_decompress(&codec);
  return true;
}

// Inks are stored inverted: 255 is none. The mixture is that of cv::imdecode.
void mix_inks(const cv::Mat& inks, cv::Mat& out) {
  out.create(inks.size(), CV_8UC3);
  for (int y = 0; y < inks.rows; ++y) {
    const auto* from = inks.ptr<cv::Vec4b>(y);
    auto* to = out.ptr<cv::Vec3b>(y);
    for (int x = 0; x < inks.cols; ++x) {
      const int black = from[x][3];
      const auto mixed = [&](int ink) {
        return cv::saturate_cast<uchar>(black - ((255 - ink) * black >> 8));
      };
      to[x] = {mixed(from[x][2]), mixed(from[x][1]), mixed(from[x][0])};
    }
  }
}

}  // namespace

bool decode_jpeg(std::string_view bytes, cv::Size size, cv::Mat& out, std::string& why) {
  Decoder decoder;
  auto& codec = decoder.codec;
  if (!open(decoder, bytes)) {
    why = decoder.errors.text.data();
    return false;
  }
  if (codec.image_width != static_cast<JDIMENSION>(size.width) ||
      codec.image_height != static_cast<JDIMENSION>(size.height)) {
    why = "the JPEG tells two sizes";
    return false;
  }
  const bool has_inks = codec.out_color_space == JCS_CMYK;
  const int type = codec.num_components == 1 ? CV_8UC1 : has_inks ? CV_8UC4 : CV_8UC3;
  cv::Mat inks;
  auto& target = has_inks ? inks : out;
  target.create(size, type);
  std::vector<JSAMPROW> rows;
  rows.reserve(static_cast<std::size_t>(target.rows));
  for (int y = 0; y < target.rows; ++y) rows.push_back(target.ptr(y));
  if (!read_rows(decoder, rows.data()) || decoder.errors.is_damaged) {
    why = decoder.errors.text.data();
    return false;
  }
  if (has_inks) mix_inks(inks, out);
  return true;
}

}  // namespace millrace::augment
