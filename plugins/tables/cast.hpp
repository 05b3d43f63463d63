#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "plugins/tables/value_column.hpp"

namespace millrace::tables {

/// The types to which values are brought by name: utf8, int64, float64, timestamp; nothing for any
/// other word.
[[nodiscard]] std::optional<Type> cast_type(std::string_view word);

/// Brings a value, which is not null, to another type and loses nothing: texts are read as numbers
/// ("12", "-0.5", "1e3") or as times in UTC ("2021-01-31", "2021-01-31 06:00:00.25"), whole numbers
/// are microseconds where they are times, false and true are 0 and 1. A text is as append_text()
/// has it. Throws Failure with DataInvalid, which names `column`, where a value has no equal in
/// that type.
[[nodiscard]] OwnCell cast(const Cell& cell, Type from, Type to, const std::string& column);

/// Rounds to so many decimals, a half to the even digit, by the number's binary value: 1/32 is 0.03
/// with two of them, as Python's round() has it.
[[nodiscard]] double round_to(double number, int decimals);

}  // namespace millrace::tables
