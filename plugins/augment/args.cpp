#include "plugins/augment/args.hpp"

#include <array>
#include <charconv>
#include <cmath>
#include <stdexcept>

#include "plugins/augment/op.hpp"

namespace millrace::augment {
namespace {

void append_size(std::string& out, const PixelSize& size) {
  using Form = PixelSize::Form;
  if (size.form == Form::Percent) {
    append_number(out, size.width);
    out.push_back('p');
    return;
  }
  if (size.form != Form::Height) append_number(out, size.width);
  out.push_back('x');
  if (size.form != Form::Width) append_number(out, size.height);
  if (size.form == Form::Force) out.push_back('!');
}

void append_hex(std::string& out, std::uint8_t byte) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  out.push_back(kDigits[byte >> 4]);
  out.push_back(kDigits[byte & 15]);
}

bool is_text_byte(char byte) {
  const bool is_letter = (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z');
  return is_letter || (byte >= '0' && byte <= '9') || byte == '.' || byte == '-' || byte == '_';
}

// Words are plain; of a label path every byte that a text of the grammar cannot hold is written as
// %XX.
void append_text(std::string& out, std::string_view text) {
  for (const char byte : text) {
    if (is_text_byte(byte)) {
      out.push_back(byte);
    } else {
      out.push_back('%');
      append_hex(out, static_cast<std::uint8_t>(byte));
    }
  }
}

}  // namespace

double to_four_decimals(double value) { return std::round(value * 1e4) / 1e4; }

void append_number(std::string& out, double value) {
  // The largest number of any parameter has 5 digits before the point; the buffer holds any double
  // of 64 digits.
  std::array<char, 96> digits{};
  const auto [end, fault] = std::to_chars(digits.data(), digits.data() + digits.size(), value,
                                          std::chars_format::fixed, 4);
  if (fault != std::errc{}) throw std::out_of_range{"number is too large to be written"};
  std::string_view text{digits.data(), static_cast<std::size_t>(end - digits.data())};
  text = text.substr(0, text.find_last_not_of('0') + 1);
  if (text.back() == '.') text.remove_suffix(1);
  out.append(text == "-0" ? std::string_view{"0"} : text);
}

void append_value(std::string& out, const Value& value) {
  if (const auto* number = std::get_if<double>(&value)) {
    append_number(out, *number);
  } else if (const auto* size = std::get_if<PixelSize>(&value)) {
    append_size(out, *size);
  } else if (const auto* colour = std::get_if<Colour>(&value)) {
    out.push_back('#');
    for (const auto channel : {colour->red, colour->green, colour->blue}) append_hex(out, channel);
  } else {
    append_text(out, std::get<std::string>(value));
  }
}

Args::Args(std::span<const ParamSpec> params) : params_{params}, values_(params.size()) {}

const std::optional<Value>& Args::find(std::string_view name) const {
  for (std::size_t i = 0; i < params_.size(); ++i) {
    if (params_[i].name == name) return values_[i];
  }
  throw std::logic_error{"operation has no parameter " + std::string{name}};
}

bool Args::has(std::string_view name) const { return find(name).has_value(); }

double Args::number(std::string_view name) const { return std::get<double>(find(name).value()); }

int Args::integer(std::string_view name) const { return static_cast<int>(number(name)); }

const PixelSize* Args::size(std::string_view name) const {
  return std::get_if<PixelSize>(&find(name).value());
}

const Colour* Args::colour(std::string_view name) const {
  return std::get_if<Colour>(&find(name).value());
}

std::string_view Args::word(std::string_view name) const {
  return std::get<std::string>(find(name).value());
}

}  // namespace millrace::augment
