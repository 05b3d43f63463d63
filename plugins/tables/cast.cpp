#include "plugins/tables/cast.hpp"

#include <array>
#include <charconv>
#include <cmath>

#include <millrace/context.hpp>

#include "plugins/records/wall_time.hpp"

namespace millrace::tables {
namespace {

constexpr std::size_t kMostShown = 60;  // bytes of a value in an error

[[noreturn]] void refuse_cast(const Cell& cell, Type from, const std::string& column,
                              const std::string& why) {
  std::string shown;
  from == Type::Timestamp ? append_text(shown, Type::Int64, cell) : append_text(shown, from, cell);
  if (shown.size() > kMostShown) {
    auto end = kMostShown;
    while (end > 0 && (static_cast<unsigned char>(shown[end]) & 0xC0) == 0x80) --end;
    shown = shown.substr(0, end) + "...";
  }
  throw Failure{MR_DATA_INVALID, "column '" + column + "': " + why + ": " + shown};
}

template <class Number>
std::optional<Number> read_number(std::string_view text) {
  if (text.starts_with('+') && !text.starts_with("+-")) text.remove_prefix(1);
  Number number{};
  const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
  if (read.ec != std::errc{} || read.ptr != text.data() + text.size()) return {};
  return number;
}

OwnCell to_whole(const Cell& cell, Type from, const std::string& column) {
  if (const auto* text = std::get_if<std::string_view>(&cell)) {
    if (const auto number = read_number<std::int64_t>(*text)) return *number;
    refuse_cast(cell, from, column, "a text is no whole number of 64 bits");
  }
  if (const auto* number = std::get_if<double>(&cell)) {
    if (*number >= -0x1p63 && *number < 0x1p63 && std::trunc(*number) == *number)
      return static_cast<std::int64_t>(*number);
    refuse_cast(
        cell, from, column,
        "a number is no whole one of 64 bits; `decimals` 0 rounds, where it has a fraction");
  }
  if (const auto* flag = std::get_if<bool>(&cell)) return std::int64_t{*flag};
  return std::get<std::int64_t>(cell);
}

OwnCell to_number(const Cell& cell, Type from, const std::string& column) {
  if (const auto* text = std::get_if<std::string_view>(&cell)) {
    if (const auto number = read_number<double>(*text); number && std::isfinite(*number))
      return *number;
    refuse_cast(cell, from, column, "a text is no number");
  }
  if (const auto* whole = std::get_if<std::int64_t>(&cell)) {
    const auto number = static_cast<double>(*whole);
    if (from == Type::Timestamp || number >= 0x1p63 ||
        static_cast<std::int64_t>(number) != *whole) {
      refuse_cast(cell, from, column,
                  from == Type::Timestamp ? "a time is no number with a fraction; it is an int64"
                                          : "no float64 is equal to a whole number");
    }
    return number;
  }
  if (const auto* flag = std::get_if<bool>(&cell)) return *flag ? 1.0 : 0.0;
  return std::get<double>(cell);
}

OwnCell to_time(const Cell& cell, Type from, const std::string& column) {
  if (const auto* text = std::get_if<std::string_view>(&cell)) {
    if (const auto time = records::parse_wall_time(*text)) return *time;
    refuse_cast(cell, from, column, "a text is no time such as 2021-01-31 06:00:00");
  }
  if (const auto* whole = std::get_if<std::int64_t>(&cell)) return *whole;
  refuse_cast(cell, from, column, "it is no time; texts and whole numbers can be");
}

}  // namespace

std::optional<Type> cast_type(std::string_view word) {
  for (const auto type : {Type::Utf8, Type::Int64, Type::Float64, Type::Timestamp})
    if (word == to_string(type)) return type;
  return {};
}

OwnCell cast(const Cell& cell, Type from, Type to, const std::string& column) {
  if (from == to) return own(cell);
  switch (to) {
    case Type::Int64:
      return to_whole(cell, from, column);
    case Type::Float64:
      return to_number(cell, from, column);
    case Type::Timestamp:
      return to_time(cell, from, column);
    default:
      std::string text;
      append_text(text, from, cell);
      return text;
  }
}

double round_to(double number, int decimals) {
  if (!std::isfinite(number)) return number;
  // std::to_chars rounds the exact value, a half to even, and the digits are read back.
  std::array<char, 512> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number,
                                 std::chars_format::fixed, decimals)
                       .ptr;
  double rounded = 0;
  std::from_chars(digits.data(), end, rounded);
  return rounded == 0 ? 0.0 : rounded;
}

}  // namespace millrace::tables
