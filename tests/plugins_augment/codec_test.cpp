#include <turbojpeg.h>

#include <catch2/catch.hpp>
#include <opencv2/imgcodecs.hpp>

#include "plugins/augment/formats/picture_codec.hpp"
#include "tests/plugins_augment/format_samples.hpp"
#include "tests/plugins_augment/pictures.hpp"

using namespace millrace::augment;
using namespace millrace::augment::testing;

namespace {

cv::Mat read(PictureCodec& codec, const std::string& bytes) {
  const auto format = sniff_format(bytes);
  REQUIRE(format);
  cv::Mat out;
  std::string why;
  INFO(why);
  REQUIRE(codec.decode(bytes, *format, out, why));
  return out;
}

std::string refusal(PictureCodec& codec, const std::string& bytes) {
  const auto format = sniff_format(bytes);
  REQUIRE(format);
  cv::Mat out;
  std::string why;
  CHECK_FALSE(codec.decode(bytes, *format, out, why));
  CHECK_FALSE(why.empty());
  return why;
}

const cv::Vec3b kRed{0, 0, 255}, kGreen{0, 255, 0}, kBlue{255, 0, 0};

}  // namespace

TEST_CASE("JPEGs are decoded exactly as by OpenCV and encoded to the same bytes",
          "[augment][codec]") {
  PictureCodec codec;
  std::string why;
  for (const int channels : {1, 3}) {
    for (const auto size :
         {cv::Size{64, 48}, cv::Size{33, 17}, cv::Size{1, 1}, cv::Size{200, 120}}) {
      const auto picture = scene(size, channels);
      for (const int quality : {20, 95}) {
        const std::string bytes{codec.encode(picture, {ImageFormat::Jpeg, quality}, why)};
        CHECK(bytes == encoded(picture, ".jpg", {cv::IMWRITE_JPEG_QUALITY, quality}));
        CHECK(largest_difference(read(codec, bytes), decoded(bytes)) == 0);
      }
    }
  }
  for (const int subsampling : {TJSAMP_444, TJSAMP_422, TJSAMP_440, TJSAMP_411}) {
    const auto bytes = jpeg_of(scene({61, 47}), subsampling);
    CHECK(largest_difference(read(codec, bytes), decoded(bytes)) == 0);
  }
}

TEST_CASE("a part of a larger picture is encoded as it stands", "[augment][codec]") {
  PictureCodec codec;
  std::string why;
  const auto part = scene({64, 48})(cv::Rect{10, 5, 30, 20});
  for (const auto format : {ImageFormat::Jpeg, ImageFormat::Png}) {
    const std::string bytes{codec.encode(part, {format, 95}, why)};
    CHECK(bytes == std::string{codec.encode(part.clone(), {format, 95}, why)});
  }
}

TEST_CASE("a format without alpha drops it", "[augment][codec]") {
  PictureCodec codec;
  std::string why;
  const auto picture = scene({32, 24}, 4);
  cv::Mat opaque{picture.size(), CV_8UC3};
  const int pairs[] = {0, 0, 1, 1, 2, 2};
  cv::mixChannels(&picture, 1, &opaque, 1, pairs, 3);
  CHECK(std::string{codec.encode(picture, {ImageFormat::Jpeg, 90}, why)} ==
        std::string{codec.encode(opaque, {ImageFormat::Jpeg, 90}, why)});
  CHECK(largest_difference(decoded(codec.encode(picture, {ImageFormat::Png, 95}, why)), picture) ==
        0);
  CHECK(decoded(codec.encode(picture, {ImageFormat::Webp, 95}, why)).channels() == 4);
}

TEST_CASE("lossless formats come back as they were", "[augment][codec]") {
  PictureCodec codec;
  for (const int channels : {1, 3, 4}) {
    const auto picture = scene({31, 20}, channels);
    CHECK(largest_difference(read(codec, encoded(picture, ".png")), picture) == 0);
  }
  CHECK(largest_difference(read(codec, encoded(scene({31, 20}), ".bmp")), scene({31, 20})) == 0);
  CHECK(largest_difference(read(codec, encoded(scene({31, 20}), ".tiff")), scene({31, 20})) == 0);
}

TEST_CASE("sixteen bits become eight by rounding, other depths are refused", "[augment][codec]") {
  PictureCodec codec;
  const cv::Mat deep = (cv::Mat_<ushort>(1, 6) << 0, 128, 129, 257, 32768, 65535);
  const cv::Mat wanted = (cv::Mat_<uchar>(1, 6) << 0, 0, 1, 1, 128, 255);
  CHECK(largest_difference(read(codec, encoded(deep, ".png")), wanted) == 0);
  refusal(codec, encoded(cv::Mat{4, 4, CV_32FC1, cv::Scalar{0.5}}, ".tiff"));
}

TEST_CASE("the first frame of a GIF is painted on its canvas", "[augment][codec][gif]") {
  PictureCodec codec;
  const auto whole = read(
      codec, gif_of({3, 2}, {{0, 0, 3, 2, {1, 2, 3, 3, 2, 1}}, {0, 0, 3, 2, {0, 0, 0, 0, 0, 0}}}));
  REQUIRE(whole.type() == CV_8UC3);
  REQUIRE(whole.size() == cv::Size{3, 2});
  CHECK(whole.at<cv::Vec3b>(0, 0) == kRed);
  CHECK(whole.at<cv::Vec3b>(0, 1) == kGreen);
  CHECK(whole.at<cv::Vec3b>(1, 0) == kBlue);
  // A frame that covers a part leaves the rest clear.
  const auto part = read(codec, gif_of({3, 2}, {{1, 1, 2, 1, {1, 2}}}));
  REQUIRE(part.type() == CV_8UC4);
  CHECK(part.at<cv::Vec4b>(0, 0) == cv::Vec4b(0, 0, 0, 0));
  CHECK(part.at<cv::Vec4b>(1, 1) == cv::Vec4b(0, 0, 255, 255));
  const auto clear = read(codec, gif_of({2, 1}, {{0, 0, 2, 1, {1, 2}, 2}}));
  REQUIRE(clear.type() == CV_8UC4);
  CHECK(clear.at<cv::Vec4b>(0, 1)[3] == 0);
  CHECK(clear.at<cv::Vec4b>(0, 0)[3] == 255);
}

TEST_CASE("interlaced GIFs come in the right order", "[augment][codec][gif]") {
  PictureCodec codec;
  // Rows 0, 8, 4, 2, 6, 1, 3, 5, 7, 9 of ten, each of its own row number modulo 4.
  std::vector<std::uint8_t> rows;
  for (const int row : {0, 8, 4, 2, 6, 1, 3, 5, 7, 9})
    rows.push_back(static_cast<std::uint8_t>(row % 4));
  const auto picture = read(codec, gif_of({1, 10}, {{0, 0, 1, 10, rows, -1, true}}));
  const cv::Vec3b palette[] = {{0, 0, 0}, kRed, kGreen, kBlue};
  for (int row = 0; row < 10; ++row) CHECK(picture.at<cv::Vec3b>(row, 0) == palette[row % 4]);
}

TEST_CASE("broken GIFs are refused", "[augment][codec][gif]") {
  PictureCodec codec;
  const auto whole = gif_of({3, 2}, {{0, 0, 3, 2, {1, 2, 3, 3, 2, 1}}});
  refusal(codec, whole.substr(0, whole.size() - 8));
  refusal(codec, whole.substr(0, 20));
  refusal(codec, gif_of({3, 2}, {}));
  refusal(codec, gif_of({1, 1}, {{0, 0, 3, 2, {1, 2, 3, 3, 2, 1}}}));
}

TEST_CASE("orientation tags are not applied", "[augment][codec]") {
  PictureCodec codec;
  const auto grey = scene({6, 4}, 1);
  for (int orientation = 0; orientation <= 8; ++orientation) {
    for (const bool is_little : {true, false}) {
      INFO(orientation << is_little);
      const auto read_back = read(codec, tiff_of(grey, orientation, is_little));
      CHECK(read_back.size() == grey.size());
    }
  }
  const auto upright = read(codec, tiff_of(grey, 0));
  CHECK(largest_difference(read(codec, tiff_of(grey, 6)), upright) == 0);
  CHECK(largest_difference(read(codec, tiff_of(grey, 3, false)), upright) == 0);

  // EXIF of a JPEG: APP1 with orientation 6 behind the start marker.
  const auto plain = jpeg_of(scene({48, 32}), TJSAMP_420);
  const std::string exif{
      "\xff\xe1\0\x22"
      "Exif\0\0"
      "II*\0\x08\0\0\0"
      "\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0"
      "\0\0\0\0",
      2 + 34};
  const auto tagged = plain.substr(0, 2) + exif + plain.substr(2);
  CHECK(largest_difference(read(codec, tagged), read(codec, plain)) == 0);
  const auto turned = codec.jpeg().turn(tagged, Turn::None);
  REQUIRE(turned);
  CHECK(std::string{*turned}.find("Exif") == std::string::npos);
}

TEST_CASE("pictures that end early are broken, harmless oddities are not", "[augment][codec]") {
  PictureCodec codec;
  const auto picture = scene({96, 64});
  for (const auto* extension : {".jpg", ".png", ".webp", ".bmp"}) {
    INFO(extension);
    const auto whole = encoded(picture, extension);
    refusal(codec, whole.substr(0, whole.size() * 2 / 3));
  }
  const auto jpeg = jpeg_of(picture, TJSAMP_420);
  const auto with_rest = jpeg + "some bytes behind the end";
  CHECK(largest_difference(read(codec, with_rest), read(codec, jpeg)) == 0);
  auto stray = jpeg;
  // "extraneous bytes before marker": behind the first segment.
  const auto length =
      static_cast<std::uint8_t>(stray[4]) * 256 + static_cast<std::uint8_t>(stray[5]);
  stray.insert(static_cast<std::size_t>(4 + length), "xyz");
  CHECK(largest_difference(read(codec, stray), read(codec, jpeg)) == 0);
}

TEST_CASE("a JPEG of four inks is decoded to three colours", "[augment][codec]") {
  const auto picture = scene({32, 24}, 4);
  const tjhandle encoder = tjInitCompress();
  unsigned char* bytes = nullptr;
  unsigned long size = 0;
  REQUIRE(tjCompress2(encoder, picture.data, picture.cols, int(picture.step), picture.rows,
                      TJPF_CMYK, &bytes, &size, TJSAMP_444, 90, 0) == 0);
  const std::string jpeg{reinterpret_cast<const char*>(bytes), size};
  tjFree(bytes);
  tjDestroy(encoder);
  PictureCodec codec;
  CHECK(read(codec, jpeg).type() == CV_8UC3);
}

TEST_CASE("PNGs of every kind become one, three or four channels", "[augment][codec][png]") {
  PictureCodec codec;
  const std::string palette = png_chunk("PLTE", std::string{"\xff\0\0\0\xff\0\0\0\xff", 9});
  // Palette of 2 bits: red, green, blue, red.
  const auto indexed = read(codec, png_of({4, 1}, 2, 3, {"\x18"}, palette));
  REQUIRE(indexed.type() == CV_8UC3);
  CHECK(indexed.at<cv::Vec3b>(0, 0) == kRed);
  CHECK(indexed.at<cv::Vec3b>(0, 1) == kGreen);
  CHECK(indexed.at<cv::Vec3b>(0, 2) == kBlue);
  const auto clear = read(
      codec, png_of({4, 1}, 2, 3, {"\x18"}, palette + png_chunk("tRNS", std::string{"\xff\0", 2})));
  REQUIRE(clear.type() == CV_8UC4);
  CHECK(clear.at<cv::Vec4b>(0, 0) == cv::Vec4b(0, 0, 255, 255));
  CHECK(clear.at<cv::Vec4b>(0, 1) == cv::Vec4b(0, 255, 0, 0));
  CHECK(clear.at<cv::Vec4b>(0, 2)[3] == 255);
  // One bit of grey.
  const auto bits = read(codec, png_of({3, 1}, 1, 0, {"\xa0"}));
  REQUIRE(bits.type() == CV_8UC1);
  CHECK((bits.at<uchar>(0, 0) == 255 && bits.at<uchar>(0, 1) == 0 && bits.at<uchar>(0, 2) == 255));
  // Grey with alpha becomes BGRA.
  const auto grey_alpha = read(codec, png_of({1, 1}, 8, 4, {"\x40\x80"}));
  REQUIRE(grey_alpha.type() == CV_8UC4);
  CHECK(grey_alpha.at<cv::Vec4b>(0, 0) == cv::Vec4b(0x40, 0x40, 0x40, 0x80));
  // 16 bits with alpha.
  const auto deep =
      read(codec, png_of({1, 1}, 16, 6, {std::string{"\xff\xff\x80\x80\0\0\x40\x40", 8}}));
  REQUIRE(deep.type() == CV_8UC4);
  CHECK(deep.at<cv::Vec4b>(0, 0) == cv::Vec4b(0, 128, 255, 64));
  const auto wrong_sum = png_of({4, 1}, 2, 3, {"\x18"}, "\0\0\0\1bROK");
  refusal(codec, wrong_sum);
  auto flipped_bit = png_of({4, 1}, 8, 0, {"abcd"});
  flipped_bit[flipped_bit.size() - 20] ^= 1;
  refusal(codec, flipped_bit);
}

TEST_CASE("BMPs of every kind are read as OpenCV reads them", "[augment][codec][bmp]") {
  PictureCodec codec;
  const auto picture = scene({37, 23});
  for (const int channels : {1, 3, 4}) {
    const auto bytes = encoded(scene({37, 23}, channels), ".bmp");
    CHECK(largest_difference(read(codec, bytes), decoded(bytes)) == 0);
    std::string why;
    const std::string ours{codec.encode(scene({37, 23}, channels), {ImageFormat::Bmp, 95}, why)};
    CHECK(largest_difference(read(codec, ours), scene({37, 23}, channels)) == 0);
    CHECK(largest_difference(decoded(ours), scene({37, 23}, channels)) == 0);
  }
  const std::string palette{"\0\0\xff\0\0\xff\0\0\xff\0\0\0\x40\x40\x40\0",
                            16};  // red, green, blue, grey
  const auto row = [](const cv::Mat& from) {
    std::vector<cv::Vec3b> pixels;
    for (int x = 0; x < from.cols; ++x) pixels.push_back(from.at<cv::Vec3b>(0, x));
    return pixels;
  };
  const std::vector<cv::Vec3b> colours{kRed, kGreen, kBlue, kBlue};
  CHECK(row(read(codec, bmp_of(4, 1, 8, 0, palette, std::string{"\0\1\2\2", 4}, 4))) == colours);
  CHECK(row(read(codec, bmp_of(4, 1, 4, 0, palette, std::string{"\x01\x22\0\0", 4}, 4))) ==
        colours);
  CHECK(row(read(codec, bmp_of(3, 1, 1, 0, palette, std::string{"\x40\0\0\0", 4}, 2))) ==
        std::vector<cv::Vec3b>{kRed, kGreen, kRed});
  // Runs: one red, one green, two blue; the same as pixels as they are.
  CHECK(row(read(codec, bmp_of(4, 1, 8, 1, palette, std::string{"\1\0\1\1\2\2\0\1", 8}, 4))) ==
        colours);
  CHECK(row(read(codec, bmp_of(4, 1, 8, 1, palette, std::string{"\0\4\0\1\2\2\0\1", 8}, 4))) ==
        colours);
  CHECK(row(read(codec, bmp_of(4, 1, 4, 2, palette, std::string{"\2\x01\2\x22\0\1", 6}, 4))) ==
        colours);
  CHECK(row(read(codec, bmp_of(4, 1, 4, 2, palette, std::string{"\0\4\x01\x22\0\1", 6}, 4))) ==
        colours);
  // A jump leaves pixels of the first colour.
  CHECK(row(read(codec, bmp_of(4, 1, 8, 1, palette, std::string{"\1\1\0\2\2\0\1\2\0\1", 10}, 4))) ==
        std::vector<cv::Vec3b>{kGreen, kRed, kRed, kBlue});
  // 16 bits: 5 of each colour, and 5-6-5 by masks.
  CHECK(row(read(codec, bmp_of(2, 1, 16, 0, {}, std::string{"\x00\x7c\xe0\x03", 4}))) ==
        std::vector<cv::Vec3b>{kRed, kGreen});
  const std::string masks{"\0\xf8\0\0\xe0\x07\0\0\x1f\0\0\0", 12};
  CHECK(row(read(codec, bmp_of(2, 1, 16, 3, masks, std::string{"\x00\xf8\x1f\x00", 4}))) ==
        std::vector<cv::Vec3b>{kRed, kBlue});
  // 32 bits without a mask for alpha have none.
  CHECK(row(read(codec, bmp_of(1, 1, 32, 0, {}, std::string{"\0\xff\0\0", 4}))) ==
        std::vector<cv::Vec3b>{kGreen});
  // Top down.
  const std::string two_rows{"\0\0\xff\0\xff\0\0\0", 8};
  CHECK(read(codec, bmp_of(1, -2, 24, 0, {}, two_rows)).at<cv::Vec3b>(0, 0) == kRed);
  CHECK(read(codec, bmp_of(1, 2, 24, 0, {}, two_rows)).at<cv::Vec3b>(0, 0) == kBlue);

  refusal(codec, bmp_of(4, 1, 8, 1, palette, std::string{"\5\0\0\1", 4}, 4));  // beyond the row
  refusal(codec, bmp_of(4, 1, 8, 1, palette, std::string{"\1\0", 2}, 4));      // no end
  refusal(codec,
          bmp_of(4, 1, 8, 1, palette, std::string{"\0\2\xff\xff", 4}, 4));  // a jump out of it
  refusal(codec, bmp_of(4, 1, 7, 0, palette, "abcd"));
  refusal(codec, bmp_of(4, 1, 24, 1, {}, "abcd"));
  refusal(codec, bmp_of(4, 1, 24, 0, {}, "abcd"));
  refusal(codec, bmp_of(4, 1, 8, 0, "", "abcd"));
}

TEST_CASE("TIFFs keep grey, colours and alpha, and sixteen bits become eight",
          "[augment][codec][tiff]") {
  PictureCodec codec;
  for (const int channels : {1, 3}) {
    const auto picture = scene({31, 20}, channels);
    CHECK(largest_difference(read(codec, encoded(picture, ".tiff")), picture) == 0);
    cv::Mat deep;
    picture.convertTo(deep, CV_16U, 257);
    CHECK(largest_difference(read(codec, encoded(deep, ".tiff")), picture) == 0);
  }
  refusal(codec, encoded(scene({31, 20}), ".tiff").substr(0, 900));
  refusal(codec, tiff_of(scene({31, 20}, 1), 1).substr(0, 600));
}

TEST_CASE("samples of a TIFF are the pixels, whatever their depth and order",
          "[augment][codec][tiff]") {
  PictureCodec codec;
  const cv::Vec4b half{10, 20, 200, 128};  // BGRA
  for (const bool is_apart : {false, true}) {
    INFO(is_apart);
    // Two pixels: clear white, and half of something red.
    const std::string mixed = is_apart ? std::string{"\xff\xc8\xff\x14\xff\x0a\x00\x80", 8}
                                       : std::string{"\xff\xff\xff\x00\xc8\x14\x0a\x80", 8};
    const auto plain =
        read(codec,
             tiff_of(TiffSamples{
                 .size = {2, 1}, .samples = 4, .extra = 2, .is_apart = is_apart, .bytes = mixed}));
    REQUIRE(plain.type() == CV_8UC4);
    CHECK(plain.at<cv::Vec4b>(0, 0) == cv::Vec4b{255, 255, 255, 0});
    CHECK(plain.at<cv::Vec4b>(0, 1) == half);
  }
  // The same pixel with its alpha in its colours: 100, 10, 5 of 128.
  const auto weighted = read(
      codec,
      tiff_of(TiffSamples{.size = {1, 1}, .samples = 4, .extra = 1, .bytes = "\x64\x0a\x05\x80"}));
  CHECK(weighted.at<cv::Vec4b>(0, 0) == cv::Vec4b{10, 20, 199, 128});

  // 255 of 65535 is 1, as in a PNG, and 128 is just less than a half of it.
  const std::string deep{"\xff\x00\x80\x00\x81\x00\xff\xff", 8};
  const auto grey =
      read(codec, tiff_of(TiffSamples{
                      .size = {4, 1}, .bits = 16, .samples = 1, .photometric = 1, .bytes = deep}));
  REQUIRE(grey.type() == CV_8UC1);
  CHECK(std::vector<int>(grey.begin<uchar>(), grey.end<uchar>()) == std::vector<int>{1, 0, 1, 255});
  const auto inverse =
      read(codec, tiff_of(TiffSamples{
                      .size = {4, 1}, .bits = 16, .samples = 1, .photometric = 0, .bytes = deep}));
  CHECK(std::vector<int>(inverse.begin<uchar>(), inverse.end<uchar>()) ==
        std::vector<int>{254, 255, 254, 0});

  // Grey with alpha, and four pixels of two bits each.
  const auto veiled = read(
      codec, tiff_of(TiffSamples{
                 .size = {1, 1}, .samples = 2, .photometric = 1, .extra = 2, .bytes = "\x40\x20"}));
  CHECK(veiled.at<cv::Vec4b>(0, 0) == cv::Vec4b{64, 64, 64, 32});
  const auto packed =
      read(codec, tiff_of(TiffSamples{
                      .size = {4, 1}, .bits = 2, .samples = 1, .photometric = 1, .bytes = "\x1b"}));
  CHECK(std::vector<int>(packed.begin<uchar>(), packed.end<uchar>()) ==
        std::vector<int>{0, 85, 170, 255});
}

TEST_CASE("a JPEG without its end is read when each pixel is there", "[augment][codec][jpeg]") {
  PictureCodec codec;
  for (const int mode : {0, 1}) {  // baseline, progressive
    INFO(mode);
    const auto whole = encoded(scene({64, 48}), ".jpg", {cv::IMWRITE_JPEG_PROGRESSIVE, mode});
    REQUIRE(whole.ends_with("\xff\xd9"));
    const auto picture = read(codec, whole);
    CHECK(largest_difference(read(codec, whole.substr(0, whole.size() - 2)), picture) == 0);
    CHECK(largest_difference(read(codec, whole.substr(0, whole.size() - 1)), picture) == 0);
    refusal(codec, whole.substr(0, whole.size() - 12));
  }
  // A progressive one that ends before its last scan has pixels that are not what they were.
  const auto whole = encoded(scene({64, 48}), ".jpg", {cv::IMWRITE_JPEG_PROGRESSIVE, 1});
  const auto last_scan = whole.rfind(std::string{"\xff\xda"});
  const auto its_tables = whole.rfind(std::string{"\xff\xc4"}, last_scan);
  refusal(codec, whole.substr(0, std::min(last_scan, its_tables)));
}

TEST_CASE("WebPs keep alpha, and animations are refused", "[augment][codec][webp]") {
  PictureCodec codec;
  std::string why;
  for (const int channels : {3, 4}) {
    const auto bytes = encoded(scene({31, 20}, channels), ".webp", {cv::IMWRITE_WEBP_QUALITY, 95});
    CHECK(largest_difference(read(codec, bytes), decoded(bytes)) == 0);
    CHECK(std::string{codec.encode(scene({31, 20}, channels), {ImageFormat::Webp, 95}, why)} ==
          bytes);
  }
  CHECK(read(codec, std::string{codec.encode(scene({31, 20}, 1), {ImageFormat::Webp, 95}, why)})
            .channels() == 3);
  std::string animated{"RIFF\x2e\0\0\0WEBPVP8X\x0a\0\0\0\x02\0\0\0\x24\0\0\x16\0\0", 30};
  refusal(codec, animated + std::string{"ANIM\6\0\0\0\0\0\0\0\0\0", 14});
}
