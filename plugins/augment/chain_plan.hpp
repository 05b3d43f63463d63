#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "plugins/augment/formats/picture_codec.hpp"
#include "plugins/augment/geometry.hpp"
#include "plugins/augment/resolve.hpp"

namespace millrace::augment {

/// Why a record produces nothing: one of the words of the record log, and a text for people.
class RecordFailure : public std::runtime_error {
 public:
  RecordFailure(std::string_view code, const std::string& message)
      : std::runtime_error{message}, code_{code} {}
  [[nodiscard]] std::string_view code() const { return code_; }

 private:
  std::string_view code_;  // a literal
};

/// The largest pictures that memory is taken for.
struct PictureLimits {
  std::int64_t max_side = 30'000;  // pixels
  std::int64_t max_pixels = 150'000'000;

  /// Throws RecordFailure "too_large".
  void check(std::int64_t width, std::int64_t height, std::string_view what) const;
};

/// Resolved operations by their text, so that each is read once. References stay good until
/// clear().
class RecipeBook {
 public:
  /// Throws RecordFailure "op_failed" when the text is no recipe.
  const ResolvedOp& find(std::string_view text);
  void clear() { recipes_.clear(); }

 private:
  std::map<std::string, ResolvedOp, std::less<>> recipes_;
};

/// An operation of a chain, at its place.
struct PlannedStep {
  const ResolvedOp* op = nullptr;
  cv::Size before;  // size of the picture that it is applied to
};

/// What a chain does to a picture of a known size and format; found without touching a pixel.
struct ChainPlan {
  std::vector<PlannedStep> steps;   // those that change pixels
  std::vector<Movement> movements;  // what moves the points of labels
  Encoding encoding;
  std::optional<Turn>
      turn;  // all steps together, when each is one and the encoding is nobody's wish
};

/// Plans a chain of resolved operations joined by ",". Throws RecordFailure: "op_failed",
/// "too_large".
ChainPlan plan_chain(std::string_view ops, cv::Size size, ImageFormat source,
                     const PictureLimits& limits, RecipeBook& recipes);

}  // namespace millrace::augment
