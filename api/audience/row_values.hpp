#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <millrace/batch.hpp>

#include "engine/base/json.hpp"

namespace millrace::audience {

/// What stands between the day and the time of day in a reply: "T" of tasks, a space of models.
enum class TimeSpelling { WithT, WithSpace };

/// A value of a row as its column's type has it; null where it is null, or the rows have no such
/// column. Times are "2021-01-31T06:00:00", without a fraction.
Json value_of(const Batch& rows, std::string_view column, std::int64_t row,
              TimeSpelling spelling = TimeSpelling::WithT);

/// A number that its table keeps in single precision, as it stands there: 1.63621, and not the
/// double beside it.
Json single_of(Json value);

/// Spells microseconds since 1970 on the wall.
std::string time_text(std::int64_t micros, TimeSpelling spelling);

}  // namespace millrace::audience
