#pragma once

#include <cstdint>

namespace millrace::sql_operators {

/// Windows of equal length over a span of time; all in microseconds of wall time.
///
/// Half-open: [from, from + step), [from + step, ...) and so on, the last one cut at `to`; each
/// time of [from, to) is in one. Closed: [from, from + step], [from + step, ...] and so on as long
/// as the whole window is before or at `to`; both ends belong to a window, so a time on the border
/// of two is in both.
struct Windows {
  std::int64_t from = 0, to = 0, step = 1;
  bool is_closed = false;

  /// A piece of the span, from a border of windows or a time within one to another such.
  struct Range {
    std::int64_t from = 0, to = 0;
  };
  /// The first and the last start of the windows that a time is in. They are in the range.
  struct Starts {
    std::int64_t first = 0, last = 0;
  };

  /// Where the last window ends.
  [[nodiscard]] std::int64_t end() const {
    if (to <= from) return from;
    return is_closed ? from + (to - from) / step * step : to;
  }
  /// The start of the window that holds the time, of two the later one.
  [[nodiscard]] std::int64_t start_of(std::int64_t time) const {
    return time - (time - from) % step;
  }
  [[nodiscard]] bool is_border(std::int64_t time) const { return (time - from) % step == 0; }
  /// Times of a range are those from its own `from` to before this.
  [[nodiscard]] std::int64_t before(const Range& range) const {
    return range.to + (is_closed && is_border(range.to) ? 1 : 0);
  }
  /// Of a time in a not empty range; one that is outside counts as the nearest that is in it.
  [[nodiscard]] Starts starts_of(std::int64_t time, const Range& range) const;
};

}  // namespace millrace::sql_operators
