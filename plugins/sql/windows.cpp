#include "plugins/sql/windows.hpp"

#include <algorithm>

namespace millrace::sql_operators {

Windows::Starts Windows::starts_of(std::int64_t time, const Range& range) const {
  const std::int64_t first = start_of(range.from), last = start_of(range.to - 1);
  const std::int64_t own = start_of(time);
  const bool is_in_two = is_closed && own == time;
  return {std::clamp(is_in_two ? own - step : own, first, last), std::clamp(own, first, last)};
}

}  // namespace millrace::sql_operators
