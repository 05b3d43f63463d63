#include <string>

#include <catch2/catch.hpp>

#include <millrace/detail/memory.hpp>

#include "sdk/src/arrow.hpp"

using namespace millrace::detail;

namespace {

std::string as_text(const Bitmap& bitmap) {
  std::string text;
  for (std::int64_t i = 0; i < bitmap.size(); ++i) text += load_bit(bitmap.data(), i) ? '1' : '0';
  return text;
}

Bitmap bitmap_of(std::string_view text) {
  Bitmap bitmap;
  for (const char c : text) bitmap.append(c == '1');
  return bitmap;
}

}  // namespace

TEST_CASE("bits are copied from any place to any place", "[sdk][memory]") {
  std::string source;
  for (int i = 0; i < 100; ++i) source += i % 3 == 0 || i % 7 == 2 ? '1' : '0';
  const Bitmap from = bitmap_of(source);
  for (std::int64_t before = 0; before < 10; ++before) {
    for (std::int64_t begin = 0; begin < 18; ++begin) {
      for (std::int64_t count = 0; begin + count <= 100; count += 1 + count / 9) {
        Bitmap to;
        to.append_run(true, before);
        to.append_bits(from.data(), begin, count);
        to.append(true);
        const auto copied =
            source.substr(static_cast<std::size_t>(begin), static_cast<std::size_t>(count));
        REQUIRE(as_text(to) == std::string(static_cast<std::size_t>(before), '1') + copied + '1');
      }
    }
  }
}

TEST_CASE("runs of bits leave zeros behind the last", "[sdk][memory]") {
  for (std::int64_t count = 0; count < 40; ++count) {
    Bitmap bitmap;
    bitmap.append(false);
    bitmap.append_run(true, count);
    bitmap.append_run(false, 3);
    bitmap.append_run(true, count);
    const std::string ones(static_cast<std::size_t>(count), '1');
    REQUIRE(as_text(bitmap) == "0" + ones + "000" + ones);
    REQUIRE(count_ones(bitmap.data(), 0, bitmap.size()) == 2 * count);
  }
}

TEST_CASE("ones are counted in any range", "[sdk][memory]") {
  std::string text;
  for (int i = 0; i < 300; ++i) text += i % 5 == 0 || i % 3 == 1 ? '1' : '0';
  const Bitmap bitmap = bitmap_of(text);
  for (std::size_t begin = 0; begin < 70; ++begin) {
    for (std::size_t count = 0; begin + count <= text.size(); count += 7) {
      const auto part = text.substr(begin, count);
      REQUIRE(count_ones(bitmap.data(), static_cast<std::int64_t>(begin),
                         static_cast<std::int64_t>(count)) ==
              std::count(part.begin(), part.end(), '1'));
    }
  }
}

TEST_CASE("the valid prefix of a text ends before its first bad byte", "[sdk][utf8]") {
  const auto prefix = [](std::string_view text) { return valid_utf8_prefix(text); };
  CHECK(prefix("") == 0);
  CHECK(prefix("plain ASCII text, longer than a word") == 36);
  CHECK(prefix("gr\xC3\xBC\xC3\x9F \xE2\x82\xAC \xF0\x9F\x8E\x89") == 15);
  CHECK(prefix("U+10FFFF \xF4\x8F\xBF\xBF") == 13);
  CHECK(prefix("12345678\xC3") == 8);       // cut off
  CHECK(prefix("a\x80") == 1);              // continuation without a lead
  CHECK(prefix("a\xC0\xAF") == 1);          // overlong
  CHECK(prefix("a\xC1\xBF") == 1);          // overlong
  CHECK(prefix("a\xE0\x9F\xBF") == 1);      // overlong
  CHECK(prefix("a\xF0\x8F\xBF\xBF") == 1);  // overlong
  CHECK(prefix("a\xED\xA0\x80") == 1);      // surrogate
  CHECK(prefix("a\xF4\x90\x80\x80") == 1);  // beyond U+10FFFF
  CHECK(prefix("a\xF5\x80\x80\x80") == 1);  // no such lead
  CHECK(prefix("a\xE2\x82z") == 1);         // third byte is none
}
