#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "plugins/records/labels.hpp"

namespace millrace::records {

/// Where in a label to look: class.NAME, detect.NAME (NAME may hold dots) or facecluster, with
/// "label." before it or not.
struct LabelPath {
  enum class Kind { Class, Detect, Facecluster };
  Kind kind = Kind::Class;
  std::string name;

  /// Returns nothing when the text is no label path.
  static std::optional<LabelPath> parse(std::string_view text);
};

/// The message for a path that parse() refused.
std::string bad_label_path(std::string_view text);

/// Finds the values of records at one path: none or one for class and facecluster, the set of box
/// classes for detect. Keeps its memory from one record to the next. [one thread at a time]
class LabelValues {
 public:
  explicit LabelValues(LabelPath path) : path_{std::move(path)} {}
  /// Returns the values in `label` (raw JSON, may be empty) without repetition; valid until the
  /// next call.
  const std::vector<std::string>& of(std::string_view label);
  [[nodiscard]] const LabelPath& path() const { return path_; }

 private:
  LabelPath path_;
  std::vector<std::string> values_;
};

}  // namespace millrace::records
