#include "plugins/augment/formats/image_format.hpp"

#include <turbojpeg.h>

#include <catch2/catch.hpp>
#include <opencv2/imgcodecs.hpp>

#include "tests/plugins_augment/format_samples.hpp"
#include "tests/plugins_augment/pictures.hpp"

using namespace millrace::augment;
using namespace millrace::augment::testing;

namespace {

void check_header(const std::string& bytes, ImageFormat format, cv::Size size) {
  INFO(to_string(format));
  REQUIRE(sniff_format(bytes) == format);
  const auto extent = read_extent(bytes, format);
  REQUIRE(extent);
  CHECK(extent->width == size.width);
  CHECK(extent->height == size.height);
  // Cut anywhere, a header is whole or it is none; nothing is read beyond the end.
  for (std::size_t length = 0; length < std::min<std::size_t>(bytes.size(), 700); ++length) {
    const std::string part = bytes.substr(0, length);
    if (const auto cut = read_extent(part, format)) {
      CHECK((cut->width == size.width && cut->height == size.height));
    }
  }
}

}  // namespace

TEST_CASE("formats are told by their first bytes, sizes by their headers", "[augment][format]") {
  const auto picture = scene({37, 23});
  check_header(encoded(picture, ".png"), ImageFormat::Png, {37, 23});
  check_header(encoded(picture, ".jpg"), ImageFormat::Jpeg, {37, 23});
  check_header(encoded(picture, ".jpg", {cv::IMWRITE_JPEG_PROGRESSIVE, 1}), ImageFormat::Jpeg,
               {37, 23});
  check_header(encoded(picture, ".webp", {cv::IMWRITE_WEBP_QUALITY, 80}), ImageFormat::Webp,
               {37, 23});
  check_header(encoded(picture, ".webp", {cv::IMWRITE_WEBP_QUALITY, 101}), ImageFormat::Webp,
               {37, 23});
  check_header(encoded(scene({37, 23}, 4), ".webp", {cv::IMWRITE_WEBP_QUALITY, 80}),
               ImageFormat::Webp, {37, 23});
  check_header(encoded(picture, ".bmp"), ImageFormat::Bmp, {37, 23});
  check_header(encoded(picture, ".tiff"), ImageFormat::Tiff, {37, 23});
  check_header(tiff_of(scene({5, 4}, 1), 6, true), ImageFormat::Tiff, {5, 4});
  check_header(tiff_of(scene({5, 4}, 1), 6, false), ImageFormat::Tiff, {5, 4});
  check_header(gif_of({9, 7}, {{0, 0, 1, 1, {1}}}), ImageFormat::Gif, {9, 7});
}

TEST_CASE("what is no picture has no format", "[augment][format]") {
  for (const auto* text :
       {"", "hello world", "<html>", "\xff\xd8", "RIFF1234WAVE", "GIF88a", "\x89PNG", "II*"}) {
    INFO(text);
    CHECK_FALSE(sniff_format(text));
  }
}

TEST_CASE("headers with a side of nothing are broken", "[augment][format]") {
  CHECK_FALSE(read_extent(png_header(0, 5), ImageFormat::Png));
  CHECK_FALSE(read_extent(gif_of({0, 7}, {}), ImageFormat::Gif));
}

TEST_CASE("a JPEG without a frame header has no size", "[augment][format]") {
  CHECK_FALSE(read_extent("\xff\xd8\xff\xe0", ImageFormat::Jpeg));
  CHECK_FALSE(read_extent(std::string{"\xff\xd8\xff\xd9\0\0\0\0\0\0", 10}, ImageFormat::Jpeg));
  CHECK_FALSE(read_extent(std::string(1000, '\xff'), ImageFormat::Jpeg));
}

TEST_CASE("a TIFF directory that points anywhere is read without leaving the bytes",
          "[augment][format]") {
  const std::string tail(8, '\xff');
  CHECK_FALSE(read_extent(std::string{"II*\0", 4} + tail, ImageFormat::Tiff));
  CHECK_FALSE(read_extent(std::string{"MM\0+\0\x08\0\0", 8} + tail, ImageFormat::Tiff));
}

TEST_CASE("results are written in the format of the source, or as PNG", "[augment][format]") {
  CHECK(extension_of(result_format(ImageFormat::Jpeg)) == ".jpg");
  CHECK(extension_of(result_format(ImageFormat::Png)) == ".png");
  CHECK(extension_of(result_format(ImageFormat::Webp)) == ".webp");
  CHECK(extension_of(result_format(ImageFormat::Bmp)) == ".bmp");
  CHECK(extension_of(result_format(ImageFormat::Gif)) == ".png");
  CHECK(extension_of(result_format(ImageFormat::Tiff)) == ".png");
}
