#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace millrace::augment {

struct ParamSpec;

/// A size as written: "320x240" fits inside, "320x240!" is forced, "320x", "x240", "50p"; "2x1.5"
/// is a radius and a sigma.
struct PixelSize {
  enum class Form { Fit, Force, Width, Height, Percent, Radius };
  Form form = Form::Fit;
  double width = 0;   // pixels; the percentage of Percent; the radius of Radius
  double height = 0;  // pixels; the sigma of Radius
  bool operator==(const PixelSize&) const = default;
};

/// "#rrggbb"; its alpha is opaque.
struct Colour {
  std::uint8_t red = 0, green = 0, blue = 0;
  bool operator==(const Colour&) const = default;
};

/// The value of one argument. The text is a word, or a label path in plain UTF-8.
using Value = std::variant<double, PixelSize, Colour, std::string>;

/// Appends the notation that the grammar reads back as the same value. Numbers have at most 4
/// decimals.
void append_value(std::string& out, const Value& value);
void append_number(std::string& out, double value);

/// Rounds to 4 decimals: what a number has before it is used, so that its text is the whole truth.
double to_four_decimals(double value);

/// The resolved arguments of one operation: one value for each parameter that has any. Asking for a
/// parameter that the operation does not declare, or as another kind, is a mistake of the
/// operation.
class Args {
 public:
  explicit Args(std::span<const ParamSpec> params);

  [[nodiscard]] bool has(std::string_view name) const;
  [[nodiscard]] double number(std::string_view name) const;
  [[nodiscard]] int integer(std::string_view name) const;
  [[nodiscard]] bool flag(std::string_view name) const { return integer(name) != 0; }
  /// Returns null when the parameter may be a size or a number and is a number.
  [[nodiscard]] const PixelSize* size(std::string_view name) const;
  /// Returns null when the parameter is a word.
  [[nodiscard]] const Colour* colour(std::string_view name) const;
  [[nodiscard]] std::string_view word(std::string_view name) const;

  void set(std::size_t index, Value value) { values_[index] = std::move(value); }
  [[nodiscard]] const std::optional<Value>& at(std::size_t index) const { return values_[index]; }

 private:
  [[nodiscard]] const std::optional<Value>& find(std::string_view name) const;

  std::span<const ParamSpec> params_;
  std::vector<std::optional<Value>> values_;
};

}  // namespace millrace::augment
