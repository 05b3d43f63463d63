#include "api/route/python_values.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <utility>

#include "engine/base/ascii.hpp"

#include <fmt/format.h>
#include <unicode/uchar.h>
#include <unicode/utf8.h>

namespace millrace::api {

namespace {

bool is_digit(char letter) { return letter >= '0' && letter <= '9'; }

bool is_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char letter) { return static_cast<unsigned char>(letter) < 0x80; });
}

// The code point at a place, which is led behind it; negative where there is none.
UChar32 next_point(std::string_view text, std::int32_t& at) {
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(text.data());
  UChar32 point = 0;
  U8_NEXT(bytes, at, static_cast<std::int32_t>(text.size()), point);
  return point;
}

// Replaces what `replaced` returns a character for; it returns 0 where the text stays.
template <class Replaced>
std::string replace_points(std::string_view text, Replaced replaced) {
  std::string made;
  for (std::int32_t at = 0; std::cmp_less(at, text.size());) {
    const auto begin = at;
    const auto point = next_point(text, at);
    if (const char letter = point < 0 ? '\0' : replaced(point)) {
      made += letter;
    } else {
      made += text.substr(static_cast<std::size_t>(begin), static_cast<std::size_t>(at - begin));
    }
  }
  return made;
}

char ascii_digit(UChar32 point) {
  const int value = u_charDigitValue(point);
  return value < 0 ? '\0' : static_cast<char>('0' + value);
}

// As numbers are read: digits and blanks beyond ASCII become those of ASCII, of which only those
// that C knows are blanks.
std::string number_text(std::string_view text) {
  // No number of 64 bits is longer, but for zeros that nobody writes.
  constexpr std::size_t kLongest = 10'000;
  if (text.size() > kLongest) return {};
  if (is_ascii(text)) return std::string{trimmed(text, kSpaces)};
  const auto plain = replace_points(
      text, [](UChar32 point) { return u_isUWhiteSpace(point) ? ' ' : ascii_digit(point); });
  return std::string{trimmed(plain, kSpaces)};
}

// Takes out underscores, each of which stands between two digits.
bool take_underscores(std::string& text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '_') continue;
    if (i == 0 || i + 1 == text.size() || !is_digit(text[i - 1]) || !is_digit(text[i + 1]))
      return false;
  }
  text.erase(std::remove(text.begin(), text.end(), '_'), text.end());
  return true;
}

bool takes_sign(std::string_view& text) {
  const bool is_negative = text.starts_with('-');
  if (is_negative || text.starts_with('+')) text.remove_prefix(1);
  return is_negative;
}

// [digits][.[digits]][e[sign]digits], with a digit before the exponent.
bool is_decimal(std::string_view text) {
  std::size_t at = 0;
  const auto digits = [&] {
    const auto begin = at;
    while (at < text.size() && is_digit(text[at])) ++at;
    return at - begin;
  };
  auto count = digits();
  if (at < text.size() && text[at] == '.') {
    ++at;
    count += digits();
  }
  if (count == 0) return false;
  if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
    ++at;
    if (at < text.size() && (text[at] == '+' || text[at] == '-')) ++at;
    if (digits() == 0) return false;
  }
  return at == text.size();
}

}  // namespace

std::optional<std::int64_t> python_int(std::string_view text) {
  auto plain = number_text(text);
  if (!take_underscores(plain)) return std::nullopt;
  std::string_view digits = plain;
  const bool is_negative = takes_sign(digits);
  if (digits.empty() || !std::all_of(digits.begin(), digits.end(), is_digit)) return std::nullopt;
  const auto signed_digits = fmt::format("{}{}", is_negative ? "-" : "", digits);
  std::int64_t number = 0;
  const auto* end = signed_digits.data() + signed_digits.size();
  if (std::from_chars(signed_digits.data(), end, number).ec != std::errc{}) return std::nullopt;
  return number;
}

std::optional<double> python_float(std::string_view text) {
  auto plain = number_text(text);
  if (!take_underscores(plain)) return std::nullopt;
  std::string_view unsigned_text = plain;
  takes_sign(unsigned_text);
  const auto word = lower_case(unsigned_text);
  if (word != "inf" && word != "infinity" && word != "nan" && !is_decimal(unsigned_text))
    return std::nullopt;
  return std::strtod(plain.c_str(), nullptr);
}

std::optional<std::int64_t> python_int(double number) {
  const double whole = std::trunc(number);
  if (!(whole >= -0x1p63 && whole < 0x1p63)) return std::nullopt;
  return static_cast<std::int64_t>(whole);
}

// Of all texts that are read as the number again the shortest, with an exponent below -4 and from
// 16 on.
std::string python_str(double number) {
  if (std::isnan(number)) return "nan";
  auto text = fmt::format("{}", number);
  if (text.find_first_not_of("-0123456789") == std::string::npos) text += ".0";
  return text;
}

std::string with_ascii_digits(std::string_view text) {
  return is_ascii(text) ? std::string{text} : replace_points(text, ascii_digit);
}

}  // namespace millrace::api
