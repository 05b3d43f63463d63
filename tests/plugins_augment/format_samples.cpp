#include "tests/plugins_augment/format_samples.hpp"

#include <string_view>

namespace millrace::augment::testing {
namespace {

void append_little(std::string& out, std::uint32_t value, int bytes) {
  for (int i = 0; i < bytes; ++i) out.push_back(static_cast<char>(value >> (8 * i) & 0xff));
}

void append_big(std::string& out, std::uint32_t value, int bytes) {
  for (int i = bytes; i-- > 0;) out.push_back(static_cast<char>(value >> (8 * i) & 0xff));
}

// LZW without compression: codes of 3 bits (2 bits of palette), the table cleared before it would
// grow to 4.
std::string lzw(const std::vector<std::uint8_t>& indices) {
  constexpr std::uint32_t kClear = 4, kEnd = 5;
  std::string bytes;
  std::uint32_t bits = 0;
  int count = 0;
  const auto put = [&](std::uint32_t code) {
    bits |= code << count;
    count += 3;
    while (count >= 8) {
      bytes.push_back(static_cast<char>(bits & 0xff));
      bits >>= 8;
      count -= 8;
    }
  };
  for (std::size_t i = 0; i < indices.size(); ++i) {
    if (i % 2 == 0) put(kClear);
    put(indices[i]);
  }
  put(kEnd);
  if (count > 0) bytes.push_back(static_cast<char>(bits & 0xff));
  return bytes;
}

std::uint32_t crc32(std::string_view bytes) {
  std::uint32_t crc = 0xffffffff;
  for (const char byte : bytes) {
    crc ^= static_cast<std::uint8_t>(byte);
    for (int bit = 0; bit < 8; ++bit) crc = crc >> 1 ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return ~crc;
}

}  // namespace

std::string gif_of(cv::Size canvas, const std::vector<GifFrame>& frames) {
  std::string gif = "GIF89a";
  append_little(gif, static_cast<std::uint32_t>(canvas.width), 2);
  append_little(gif, static_cast<std::uint32_t>(canvas.height), 2);
  gif += std::string{"\x91\0\0", 3};  // a palette of 4
  gif += std::string{"\0\0\0\xff\0\0\0\xff\0\0\0\xff", 12};
  for (const auto& frame : frames) {
    if (frame.transparent >= 0) {
      gif += std::string{"\x21\xf9\x04\x01\0\0", 6};
      gif.push_back(static_cast<char>(frame.transparent));
      gif.push_back('\0');
    }
    gif.push_back(',');
    for (const int number : {frame.left, frame.top, frame.width, frame.height}) {
      append_little(gif, static_cast<std::uint32_t>(number), 2);
    }
    gif.push_back(frame.is_interlaced ? '\x40' : '\0');
    gif.push_back('\2');
    const auto data = lzw(frame.indices);
    for (std::size_t at = 0; at < data.size(); at += 255) {
      const auto part = data.substr(at, 255);
      gif.push_back(static_cast<char>(part.size()));
      gif += part;
    }
    gif.push_back('\0');
  }
  return gif + ";";
}

std::string tiff_of(const TiffSamples& given) {
  struct Entry {
    std::uint32_t tag, type;  // type 3: 16 bits, 4: 32 bits
    std::vector<std::uint32_t> values;
  };
  const auto number = [](int value) { return static_cast<std::uint32_t>(value); };
  const auto count = static_cast<std::size_t>(given.samples);
  const auto strips = given.is_apart ? count : 1;
  const auto strip_bytes = static_cast<std::uint32_t>(given.bytes.size() / strips);
  std::vector<std::uint32_t> offsets;
  for (std::size_t i = 0; i < strips; ++i)
    offsets.push_back(8 + static_cast<std::uint32_t>(i) * strip_bytes);
  std::vector<Entry> entries{{256, 4, {number(given.size.width)}},
                             {257, 4, {number(given.size.height)}},
                             {258, 3, std::vector(count, number(given.bits))},
                             {259, 3, {1}},
                             {262, 3, {number(given.photometric)}},
                             {273, 4, offsets},
                             {277, 3, {number(given.samples)}},
                             {278, 4, {number(given.size.height)}},
                             {279, 4, std::vector(strips, strip_bytes)},
                             {284, 3, {given.is_apart ? 2u : 1u}}};
  if (given.extra >= 0) entries.push_back({338, 3, {number(given.extra)}});
  std::string tiff = "II";
  append_little(tiff, 42, 2);
  const auto directory = static_cast<std::uint32_t>(8 + given.bytes.size());
  append_little(tiff, directory, 4);
  tiff += given.bytes;
  append_little(tiff, static_cast<std::uint32_t>(entries.size()), 2);
  std::string behind;
  const auto behind_at = directory + 2 + 12 * static_cast<std::uint32_t>(entries.size()) + 4;
  for (const auto& entry : entries) {
    const int width = entry.type == 3 ? 2 : 4;
    std::string values;
    for (const auto value : entry.values) append_little(values, value, width);
    values.resize(std::max<std::size_t>(values.size(), 4));
    append_little(tiff, entry.tag, 2);
    append_little(tiff, entry.type, 2);
    append_little(tiff, static_cast<std::uint32_t>(entry.values.size()), 4);
    if (values.size() == 4) {
      tiff += values;
    } else {
      append_little(tiff, behind_at + static_cast<std::uint32_t>(behind.size()), 4);
      behind += values;
    }
  }
  append_little(tiff, 0, 4);
  return tiff + behind;
}

std::string tiff_of(const cv::Mat& grey, int orientation, bool is_little) {
  std::string tiff = is_little ? "II" : "MM";
  const auto append = [&](std::uint32_t value, int bytes) {
    is_little ? append_little(tiff, value, bytes) : append_big(tiff, value, bytes);
  };
  struct Entry {
    std::uint32_t tag, type, value;  // type 3: 16 bits, 4: 32 bits
  };
  const auto pixels = static_cast<std::uint32_t>(grey.total());
  std::vector<Entry> entries{{256, 4, static_cast<std::uint32_t>(grey.cols)},
                             {257, 3, static_cast<std::uint32_t>(grey.rows)},
                             {258, 3, 8},
                             {259, 3, 1},
                             {262, 3, 1},
                             {273, 4, 8},
                             {277, 3, 1},
                             {278, 4, static_cast<std::uint32_t>(grey.rows)},
                             {279, 4, pixels}};
  if (orientation != 0)
    entries.insert(entries.begin() + 6, {274, 3, static_cast<std::uint32_t>(orientation)});
  append(42, 2);
  append(8 + pixels, 4);
  for (int row = 0; row < grey.rows; ++row)
    tiff.append(grey.ptr<char>(row), static_cast<std::size_t>(grey.cols));
  append(static_cast<std::uint32_t>(entries.size()), 2);
  for (const auto& entry : entries) {
    append(entry.tag, 2);
    append(entry.type, 2);
    append(1, 4);
    append(entry.value, entry.type == 3 ? 2 : 4);
    if (entry.type == 3) append(0, 2);
  }
  append(0, 4);
  return tiff;
}

std::string png_chunk(const std::string& type, const std::string& data) {
  std::string chunk;
  append_big(chunk, static_cast<std::uint32_t>(data.size()), 4);
  chunk += type + data;
  append_big(chunk, crc32(type + data), 4);
  return chunk;
}

std::string png_of(cv::Size size, int depth, int colour_type, const std::vector<std::string>& rows,
                   const std::string& chunks) {
  std::string header;
  append_big(header, static_cast<std::uint32_t>(size.width), 4);
  append_big(header, static_cast<std::uint32_t>(size.height), 4);
  header += {static_cast<char>(depth), static_cast<char>(colour_type), 0, 0, 0};
  std::string raw;
  for (const auto& row : rows) raw += std::string(1, 0) + row;  // no filter
  // zlib with one stored block.
  std::string data = "\x78\x01\x01";
  append_little(data, static_cast<std::uint32_t>(raw.size()), 2);
  append_little(data, ~static_cast<std::uint32_t>(raw.size()) & 0xffff, 2);
  data += raw;
  std::uint32_t a = 1, b = 0;
  for (const char byte : raw) {
    a = (a + static_cast<std::uint8_t>(byte)) % 65521;
    b = (b + a) % 65521;
  }
  append_big(data, b << 16 | a, 4);
  return "\x89PNG\r\n\x1a\n" + png_chunk("IHDR", header) + chunks + png_chunk("IDAT", data) +
         png_chunk("IEND", {});
}

std::string bmp_of(int width, int height, int bits, int compression, const std::string& extra,
                   const std::string& pixels, int colours_used) {
  std::string bmp = "BM";
  const auto number = [&](std::size_t value, int bytes) {
    append_little(bmp, static_cast<std::uint32_t>(value), bytes);
  };
  number(54 + extra.size() + pixels.size(), 4);
  number(0, 4);
  number(54 + extra.size(), 4);
  number(40, 4);
  append_little(bmp, static_cast<std::uint32_t>(width), 4);
  append_little(bmp, static_cast<std::uint32_t>(height), 4);
  number(1, 2);
  number(static_cast<std::size_t>(bits), 2);
  number(static_cast<std::size_t>(compression), 4);
  number(pixels.size(), 4);
  number(0, 4);
  number(0, 4);
  number(static_cast<std::size_t>(colours_used), 4);
  number(0, 4);
  return bmp + extra + pixels;
}

std::string png_header(std::uint32_t width, std::uint32_t height) {
  std::string header;
  append_big(header, width, 4);
  append_big(header, height, 4);
  return "\x89PNG\r\n\x1a\n" + png_chunk("IHDR", header + std::string{"\x08\x02\0\0\0", 5});
}

}  // namespace millrace::augment::testing
