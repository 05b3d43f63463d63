#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <stdexcept>
#include <string_view>

#include <opencv2/core.hpp>

#include "plugins/augment/args.hpp"
#include "plugins/augment/formats/image_format.hpp"
#include "plugins/augment/turn.hpp"
#include "plugins/records/labels.hpp"

namespace millrace::augment {

using records::Point;

/// What a text of the grammar means is decided by the parameter that it is given to.
enum class ParamKind { Integer, Number, Size, Colour, Word, LabelPath };

/// Which sizes a parameter takes. A Number that allows sizes takes either.
enum SizeForms : unsigned {
  kNoSize = 0,
  kBothSides = 1,  // 320x240
  kForced = 2,     // 320x240!
  kOneSide = 4,    // 320x, x240
  kPercent = 8,    // 50p, !50p
  kRadius = 16,    // 2x1.5: a radius and a value of the parameter itself
};

/// One parameter of an operation. `fallback` is the default in the notation of the grammar, so it
/// may be a range ("[5,15]", drawn anew for every copy); a parameter that has none is mandatory
/// unless it is `optional`.
struct ParamSpec {
  std::string_view name = "value";
  ParamKind kind = ParamKind::Number;
  std::string_view doc{};
  double minimum = 0, maximum = 0;  // of numbers and integers, both allowed
  std::string_view unit{};
  std::string_view fallback{};
  bool optional = false;
  bool keyed = false;                         // only as name:value, never by place
  std::span<const std::string_view> words{};  // of a Word; a Colour may be one of these instead
  unsigned sizes = kNoSize;                   // SizeForms
};

/// What an operation sees of the picture it is applied to.
struct Step {
  const Args& args;
  cv::Size size;           // of the picture before the operation
  std::uint64_t seed = 0;  // of everything that the operation draws beyond its parameters

  /// Returns the generator of this operation and picture, at its beginning. cv::randn and cv::randu
  /// belong to the thread and must not be used.
  [[nodiscard]] cv::RNG rng() const { return cv::RNG{seed}; }
};

/// Where a point of the picture goes, in the edge coordinates of labels.
using PointMap = std::function<Point(Point)>;

/// What an operation throws when it cannot be done to this picture: "op_failed" for the record,
/// never for the job.
class OpFailure : public std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// One image operation, whole: a word of the grammar and an operator augment.<name>. Written once,
/// in ops/<name>.cpp, and named in op_table.cpp. Functions are called by any worker and keep
/// nothing.
struct OpSpec {
  std::string_view name;
  std::string_view doc;
  std::span<const std::string_view> aliases{};
  std::span<const ParamSpec> params{};

  /// Whether `pixels` reads Step::rng(): the resolved text then carries the seed.
  bool draws = false;
  /// Photometric operations get 1 or 3 channels and never see the alpha channel; geometric ones
  /// move it like the others.
  bool keeps_alpha = false;

  /// Returns the size of the result; null: that of the picture. Called before memory is taken.
  cv::Size (*size)(const Step& step) = nullptr;
  /// Makes the result: 8 bits, 1, 3 (BGR) or 4 (BGRA) channels. `out` may be a view of `in`. Null:
  /// nothing happens.
  void (*pixels)(const Step& step, const cv::Mat& in, cv::Mat& out) = nullptr;
  /// Returns how points move; null: labels stay. Clipping is done by the caller.
  PointMap (*points)(const Step& step) = nullptr;
  /// Returns the lossless turn that the operation is, if it is one; null: never.
  std::optional<Turn> (*turn)(const Step& step) = nullptr;
  /// As the last operation of a chain whose result has this format it only sets the quality of the
  /// one encoding.
  std::optional<ImageFormat> sets_quality_of{};
};

/// All operations, sorted by name. [any thread]
std::span<const OpSpec* const> all_ops();

/// Returns the operation of that name or alias, or null.
const OpSpec* find_op(std::string_view name);

/// Returns the known name nearest to `name`, or empty text when none is near enough to be meant.
std::string_view nearest_op(std::string_view name);

/// The same among any names.
std::string_view nearest_of(std::string_view name, std::span<const std::string_view> known);

}  // namespace millrace::augment
