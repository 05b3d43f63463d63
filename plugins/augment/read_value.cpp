#include "plugins/augment/read_value.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <utility>
#include <vector>

#include "plugins/records/label_path.hpp"

namespace millrace::augment {
namespace {

constexpr double kMaxSide = 30'000;  // pixels that a side may be written as
constexpr double kMinPercent = 1, kMaxPercent = 1000;
constexpr double kMaxRadius = 50;  // pixels

// [ "-" ] ( 1*DIGIT [ "." *DIGIT ] / "." 1*DIGIT ); what a size or a word may look like is none.
std::optional<double> read_number(std::string_view text) {
  const bool has_only_number_bytes =
      !text.empty() && text.find_first_not_of("0123456789.-") == std::string_view::npos;
  const bool has_digit = text.find_first_of("0123456789") != std::string_view::npos;
  if (!has_only_number_bytes || !has_digit) return {};
  double value = 0;
  const auto* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value, std::chars_format::fixed);
  if (error != std::errc{} || stop != end) return {};
  return value;
}

std::optional<double> read_whole(std::string_view text) {
  if (text.find('.') != std::string_view::npos) return {};
  return read_number(text);
}

std::optional<double> within(std::optional<double> value, double minimum, double maximum) {
  if (!value || !(*value >= minimum && *value <= maximum)) return {};
  return to_four_decimals(*value);
}

std::optional<PixelSize> read_percent(std::string_view text) {
  if (!text.empty() && text.front() == '!') text.remove_prefix(1);
  text.remove_suffix(1);  // the p
  const auto percent = within(read_number(text), kMinPercent, kMaxPercent);
  if (!percent) return {};
  return PixelSize{PixelSize::Form::Percent, *percent, 0};
}

std::optional<PixelSize> read_radius(const ParamSpec& param, std::string_view radius,
                                     std::string_view rest) {
  const auto pixels = within(read_whole(radius), 0, kMaxRadius);
  const auto value = within(read_number(rest), param.minimum, param.maximum);
  if (!pixels || !value) return {};
  return PixelSize{PixelSize::Form::Radius, *pixels, *value};
}

std::optional<PixelSize> read_sides(const ParamSpec& param, std::string_view width,
                                    std::string_view height) {
  using Form = PixelSize::Form;
  if (width.empty() != height.empty()) {
    const auto side = within(read_whole(width.empty() ? height : width), 1, kMaxSide);
    if (!side || (param.sizes & kOneSide) == 0) return {};
    return width.empty() ? PixelSize{Form::Height, 0, *side} : PixelSize{Form::Width, *side, 0};
  }
  const bool is_forced = !height.empty() && height.back() == '!';
  if (is_forced) height.remove_suffix(1);
  const auto w = within(read_whole(width), 1, kMaxSide),
             h = within(read_whole(height), 1, kMaxSide);
  if (!w || !h || (param.sizes & (is_forced ? kForced : kBothSides)) == 0) return {};
  return PixelSize{is_forced ? Form::Force : Form::Fit, *w, *h};
}

bool looks_like_size(std::string_view text) {
  return text.find_first_of("x!") != std::string_view::npos ||
         (!text.empty() && text.back() == 'p');
}

std::optional<PixelSize> read_size(const ParamSpec& param, std::string_view text) {
  if (text.empty()) return {};
  if (text.back() == 'p') {
    return (param.sizes & kPercent) != 0 ? read_percent(text) : std::optional<PixelSize>{};
  }
  const auto cross = text.find('x');
  if (cross == std::string_view::npos) return {};
  const auto width = text.substr(0, cross), height = text.substr(cross + 1);
  return (param.sizes & kRadius) != 0 ? read_radius(param, width, height)
                                      : read_sides(param, width, height);
}

int hex_digit(char digit) {
  if (digit >= '0' && digit <= '9') return digit - '0';
  if (digit >= 'a' && digit <= 'f') return digit - 'a' + 10;
  if (digit >= 'A' && digit <= 'F') return digit - 'A' + 10;
  return -1;
}

std::optional<std::uint8_t> hex_byte(char high, char low) {
  const int h = hex_digit(high), l = hex_digit(low);
  if (h < 0 || l < 0) return {};
  return static_cast<std::uint8_t>(h * 16 + l);
}

std::optional<Colour> read_colour(std::string_view text) {
  if (text.size() != 7 || text.front() != '#') return {};
  const auto red = hex_byte(text[1], text[2]), green = hex_byte(text[3], text[4]),
             blue = hex_byte(text[5], text[6]);
  if (!red || !green || !blue) return {};
  return Colour{*red, *green, *blue};
}

std::optional<std::string> read_path(std::string_view text) {
  std::string path;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      path.push_back(text[i]);
      continue;
    }
    const auto byte =
        i + 2 < text.size() ? hex_byte(text[i + 1], text[i + 2]) : std::optional<std::uint8_t>{};
    if (!byte) return {};
    path.push_back(static_cast<char>(*byte));
    i += 2;
  }
  if (!records::LabelPath::parse(path)) return {};
  return path;
}

template <class T>
std::optional<Value> as_value(std::optional<T> value) {
  if (!value) return {};
  return Value{*std::move(value)};
}

std::optional<Value> read_word(const ParamSpec& param, std::string_view text) {
  if (std::find(param.words.begin(), param.words.end(), text) == param.words.end()) return {};
  return Value{std::string{text}};
}

std::string plain(double value) {
  std::string text;
  append_number(text, value);
  return text;
}

std::string limits_of(const ParamSpec& param) {
  std::string text = " from " + plain(param.minimum) + " to " + plain(param.maximum);
  if (!param.unit.empty()) text += " (" + std::string{param.unit} + ")";
  return text;
}

std::string sizes_of(const ParamSpec& param) {
  const std::pair<unsigned, std::string_view> forms[] = {{kBothSides, "WxH"},
                                                         {kForced, "WxH!"},
                                                         {kOneSide, "Wx or xH"},
                                                         {kPercent, "percent as 50p"},
                                                         {kRadius, "RADIUSxSIGMA"}};
  std::string text;
  for (const auto& [form, name] : forms) {
    if ((param.sizes & form) == 0) continue;
    if (!text.empty()) text += ", ";
    text += name;
  }
  return text;
}

}  // namespace

std::optional<Value> read_value(const ParamSpec& param, std::string_view text) {
  switch (param.kind) {
    case ParamKind::Integer:
      return as_value(within(read_whole(text), param.minimum, param.maximum));
    case ParamKind::Number:
      if (param.sizes != kNoSize && looks_like_size(text)) return as_value(read_size(param, text));
      return as_value(within(read_number(text), param.minimum, param.maximum));
    case ParamKind::Size:
      return as_value(read_size(param, text));
    case ParamKind::Colour:
      if (!text.empty() && text.front() == '#') return as_value(read_colour(text));
      return read_word(param, text);
    case ParamKind::Word:
      return read_word(param, text);
    case ParamKind::LabelPath:
      return as_value(read_path(text));
  }
  return {};
}

std::string describe(const ParamSpec& param) {
  std::string words;
  for (const auto word : param.words) words += (words.empty() ? "" : ", ") + std::string{word};
  switch (param.kind) {
    case ParamKind::Integer:
      return "an integer" + limits_of(param);
    case ParamKind::Number:
      return "a number" + limits_of(param) +
             (param.sizes == kNoSize ? "" : ", or " + sizes_of(param));
    case ParamKind::Size:
      return "a size as " + sizes_of(param) + ", sides from 1 to 30000 pixels";
    case ParamKind::Colour:
      return "a colour as #rrggbb" + (words.empty() ? "" : ", or one of " + words);
    case ParamKind::Word:
      return "one of " + words;
    case ParamKind::LabelPath:
      return "a label path: class.NAME, detect.NAME or facecluster";
  }
  return {};
}

}  // namespace millrace::augment
