#pragma once

#include <chrono>
#include <string>

#include "engine/base/json.hpp"

namespace millrace::tool {

/// Shows where a job stands, on stderr: a bar that is drawn over on a terminal, else a plain line
/// every few seconds. [one thread]
class ProgressLine {
 public:
  enum class Style { None, Plain, Bar };

  explicit ProgressLine(Style style) : style_{style} {}
  ~ProgressLine() { clear(); }
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;

  /// Bar where stderr is a terminal, plain lines elsewhere, nothing when quiet.
  static Style style(bool quiet);

  /// Shows a progress as the engine writes it: {"done", "total", "unit", "per_second",
  /// "seconds_left"}.
  void show(const Json& progress);
  /// Takes the bar off the terminal, before other text.
  void clear();

 private:
  Style style_;
  bool is_drawn_ = false;
  std::chrono::steady_clock::time_point shown_{};
};

/// The text of one line that is at most `width` columns wide: "[=====>    ]  52%  1,040/2,000 rows
/// 270/s  0:04 left". Without a total there is no bar.
std::string progress_text(const Json& progress, std::size_t width);

}  // namespace millrace::tool
