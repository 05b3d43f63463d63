#include "plugins/augment/formats/jpeg_codec.hpp"

#include <algorithm>
#include <array>
#include <turbojpeg.h>

namespace millrace::augment {
namespace {

// A handle of the library; it holds a decoder, an encoder or both, and the last error.
class Handle {
 public:
  explicit Handle(tjhandle handle) : handle_{handle} {}
  ~Handle() {
    if (handle_ != nullptr) tjDestroy(handle_);
  }
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;
  [[nodiscard]] tjhandle get() const { return handle_; }
  [[nodiscard]] std::string error() const {
    return handle_ == nullptr ? "no memory for libjpeg-turbo" : tjGetErrorStr2(handle_);
  }

 private:
  tjhandle handle_;
};

// A buffer that the library may grow.
class OutputBuffer {
 public:
  OutputBuffer() = default;
  ~OutputBuffer() { tjFree(data_); }
  OutputBuffer(const OutputBuffer&) = delete;
  OutputBuffer& operator=(const OutputBuffer&) = delete;

  void reserve(unsigned long size) {
    if (size <= capacity_) return;
    tjFree(data_);
    data_ = tjAlloc(static_cast<int>(size));
    capacity_ = data_ == nullptr ? 0 : size;
  }
  [[nodiscard]] unsigned long capacity() const { return capacity_; }
  unsigned char*& data() { return data_; }
  // The library has written `size` bytes and may have moved the buffer, which is then at least that
  // large.
  std::string_view written(const unsigned char* before, unsigned long size) {
    capacity_ = data_ == before ? std::max(capacity_, size) : size;
    return {reinterpret_cast<const char*>(data_), size};
  }

 private:
  unsigned char* data_ = nullptr;
  unsigned long capacity_ = 0;
};

// Warnings that leave no pixel out; all others mean that a part of the picture is missing or wrong.
bool is_harmless(std::string_view warning) {
  constexpr std::array<std::string_view, 3> kHarmless{
      "extraneous bytes before marker", "Invalid SOS parameters", "Unknown Adobe color transform"};
  return std::any_of(kHarmless.begin(), kHarmless.end(),
                     [&](auto part) { return warning.find(part) != std::string_view::npos; });
}

// Whether a call that returned `code` has done all of its work.
bool is_whole(const Handle& handle, int code) {
  if (code == 0) return true;
  return tjGetErrorCode(handle.get()) == TJERR_WARNING && is_harmless(tjGetErrorStr2(handle.get()));
}

struct Header {
  int width = 0, height = 0, subsampling = 0, colours = 0;
};

std::optional<Header> read_header(const Handle& handle, std::string_view bytes) {
  Header header;
  const int code = tjDecompressHeader3(
      handle.get(), reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(),
      &header.width, &header.height, &header.subsampling, &header.colours);
  if (!is_whole(handle, code) || header.subsampling < 0 || header.subsampling >= TJ_NUMSAMP)
    return {};
  return header;
}

}  // namespace

struct JpegCodec::State {
  Handle encoder{tjInitCompress()};
  Handle transformer{tjInitTransform()};
  OutputBuffer encoded, transformed;
};

JpegCodec::JpegCodec() : state_{std::make_unique<State>()} {}
JpegCodec::JpegCodec(JpegCodec&&) noexcept = default;
JpegCodec& JpegCodec::operator=(JpegCodec&&) noexcept = default;
JpegCodec::~JpegCodec() = default;

std::string_view JpegCodec::encode(const cv::Mat& picture, int quality, std::string& why) {
  const bool is_grey = picture.channels() == 1;
  const int subsampling = is_grey ? TJSAMP_GRAY : TJSAMP_420;
  auto& buffer = state_->encoded;
  buffer.reserve(tjBufSize(picture.cols, picture.rows, subsampling));
  const auto* before = buffer.data();
  unsigned long size = buffer.capacity();
  const int format = is_grey ? TJPF_GRAY : picture.channels() == 3 ? TJPF_BGR : TJPF_BGRX;
  const int code = tjCompress2(state_->encoder.get(), picture.data, picture.cols,
                               static_cast<int>(picture.step), picture.rows, format, &buffer.data(),
                               &size, subsampling, quality, TJFLAG_ACCURATEDCT);
  const auto bytes = buffer.written(before, size);
  if (is_whole(state_->encoder, code)) return bytes;
  why = state_->encoder.error();
  return {};
}

std::optional<std::string_view> JpegCodec::turn(std::string_view bytes, Turn turn) {
  const auto& transformer = state_->transformer;
  const auto header = read_header(transformer, bytes);
  if (!header || header->width % tjMCUWidth[header->subsampling] != 0 ||
      header->height % tjMCUHeight[header->subsampling] != 0) {
    return {};
  }
  auto& buffer = state_->transformed;
  const auto* before = buffer.data();
  unsigned long size = buffer.capacity();
  tjtransform transform{};
  transform.op = static_cast<int>(turn);
  transform.options = TJXOPT_PERFECT | TJXOPT_COPYNONE;
  const int code =
      tjTransform(transformer.get(), reinterpret_cast<const unsigned char*>(bytes.data()),
                  bytes.size(), 1, &buffer.data(), &size, &transform, TJFLAG_LIMITSCANS);
  const auto turned = buffer.written(before, size);
  if (!is_whole(transformer, code)) return {};
  return turned;
}

static_assert(static_cast<int>(Turn::None) == TJXOP_NONE &&
              static_cast<int>(Turn::Flop) == TJXOP_HFLIP &&
              static_cast<int>(Turn::Flip) == TJXOP_VFLIP &&
              static_cast<int>(Turn::Transpose) == TJXOP_TRANSPOSE &&
              static_cast<int>(Turn::Transverse) == TJXOP_TRANSVERSE &&
              static_cast<int>(Turn::Rotate90) == TJXOP_ROT90 &&
              static_cast<int>(Turn::Rotate180) == TJXOP_ROT180 &&
              static_cast<int>(Turn::Rotate270) == TJXOP_ROT270);

}  // namespace millrace::augment
