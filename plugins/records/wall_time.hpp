#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace millrace::records {

/// Times as a clock on the wall shows them, without a zone: microseconds since 1970-01-01 00:00:00,
/// years 1 to 9999.
inline constexpr std::int64_t kSecond = 1'000'000;
inline constexpr std::int64_t kHour = 3'600 * kSecond;

/// Reads "2021-01-31", "2021-01-31 06:00:00" or "2021-01-31T06:00:00.25"; digits behind the sixth
/// of a fraction are cut. Nothing for anything else, and for days that no month has.
std::optional<std::int64_t> parse_wall_time(std::string_view text);

/// "2021-01-31 06:00:00", and where there is a fraction ".250000", with another letter for the
/// blank where one is asked for.
std::string spell_wall_time(std::int64_t time, char separator = ' ');

}  // namespace millrace::records
