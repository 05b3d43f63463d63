#pragma once

#include "plugins/records/wall_time.hpp"

namespace millrace::sql_operators {

using records::kHour;
using records::kSecond;
using records::parse_wall_time;
using records::spell_wall_time;

}  // namespace millrace::sql_operators
